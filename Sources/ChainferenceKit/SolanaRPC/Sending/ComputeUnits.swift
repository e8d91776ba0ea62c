public import Solana

/// A number of compute units, in which the runtime measures work.
///
/// A type of its own, because the price of a unit is a number, too, and neither is the fee: that is both multiplied.
public struct ComputeUnits: RawRepresentable, Hashable, Sendable, Comparable, ExpressibleByIntegerLiteral {
    /// The number.
    public var rawValue: UInt32

    /// The most that one transaction may use: 1,400,000.
    public static let maximum = Self(ComputeBudgetProgram.maximumComputeUnitLimit)

    /// Adopts a number.
    public init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    /// Adopts a number.
    public init(_ rawValue: UInt32) {
        self.init(rawValue: rawValue)
    }

    /// Adopts a literal.
    public init(integerLiteral value: UInt32) {
        self.init(rawValue: value)
    }

    /// Whether one number is smaller than another.
    public static func < (one: Self, other: Self) -> Bool { one.rawValue < other.rawValue }
}

extension ComputeUnits: CustomStringConvertible {
    /// The number and its unit.
    public var description: String { "\(rawValue) CU" }
}

/// What a transaction would use and cost now, before anything is signed.
public struct CostEstimate: Hashable, Sendable {
    /// What the simulation used; nil if the policy does not simulate or the node does not tell.
    public let used: ComputeUnits?
    /// The limit that the transaction would set; nil for the runtime's own, or one that its instructions set.
    public let limit: ComputeUnits?
    /// The price per compute unit that the transaction would offer; zero if its instructions set one.
    public let price: MicroLamports
    /// What would be charged, whether it succeeds or not.
    public let fee: TransactionFee
}

extension TransactionSender {
    /// Says what a transaction would use and cost: simulated, priced and limited as ``send(_:payer:signers:lookupTables:willSend:)``
    /// does it, but neither signed nor sent.
    ///
    /// - Parameters:
    ///   - instructions: what to do, all or nothing.
    ///   - payer: who would pay the fee.
    ///   - signers: who else would sign.
    ///   - lookupTables: address tables that shorten the transaction.
    /// - Returns: the estimate, which holds as long as the chain's state and what others pay do.
    /// - Throws: ``TransactionSendError``: among them ``TransactionSendError/simulationFailed(_:)`` for what would fail.
    public func estimate(
        _ instructions: [Instruction],
        payer: any Signer,
        signers: [any Signer] = [],
        lookupTables: [AddressLookupTable] = []
    ) async throws -> CostEstimate {
        let plan = TransactionPlan(
            instructions: instructions,
            payer: payer,
            signers: signers,
            lookupTables: lookupTables
        )
        return try await preparing(until: rpc.environment.clock.now + policy.deadline) {
            let draft = try await makeDraft(plan)
            return CostEstimate(
                used: draft.used.map { ComputeUnits(UInt32(clamping: $0)) },
                limit: draft.limit,
                price: draft.price ?? .zero,
                fee: TransactionFee(of: draft.transaction.message)
            )
        }
    }
}
