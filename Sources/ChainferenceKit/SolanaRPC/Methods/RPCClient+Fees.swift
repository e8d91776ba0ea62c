public import Solana

/// The lowest price at which a transaction landed in a slot (`getRecentPrioritizationFees`).
public struct PrioritizationFee: Hashable, Sendable, Decodable {
    /// The slot.
    public let slot: UInt64
    /// The lowest price per compute unit that landed; zero if something landed for free.
    public let price: MicroLamports

    private enum CodingKeys: String, CodingKey {
        case slot
        case prioritizationFee
    }

    /// Makes a value, for tests.
    public init(slot: UInt64, price: MicroLamports) {
        self.slot = slot
        self.price = price
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        slot = try container.decode(UInt64.self, forKey: .slot)
        price = MicroLamports(try container.decode(UInt64.self, forKey: .prioritizationFee))
    }
}

extension RPCClient {
    /// What was paid lately for writing to those accounts, one value per slot (`getRecentPrioritizationFees`).
    ///
    /// - Parameter writableAccounts: nodes take 128 at most; further ones are left out.
    /// - Returns: one value for each of the last 150 slots or so.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func getRecentPrioritizationFees(writableAccounts: [Address] = []) async throws -> [PrioritizationFee] {
        try await call(
            "getRecentPrioritizationFees",
            [.array(writableAccounts.prefix(128).map { .string($0.base58) })]
        )
    }

    /// What the network would charge for a message, or nil if its blockhash has expired (`getFeeForMessage`).
    public func getFeeForMessage(
        _ messageBytes: [UInt8],
        commitment: Commitment? = nil
    ) async throws -> Contextual<Lamports?> {
        try await callForContext(
            "getFeeForMessage",
            [EncodedBytes.base64(messageBytes)],
            commitment: commitment
        ) { (fee: UInt64?) in fee.map { Lamports($0) } }
    }

    /// Asks the faucet of a test network for tokens (`requestAirdrop`); the transaction still has to be confirmed.
    ///
    /// Not repeated once the request may have reached the node, because a second one would pay twice.
    public func requestAirdrop(
        to address: Address,
        lamports: Lamports,
        commitment: Commitment? = nil
    ) async throws -> Signature {
        try await call(
            "requestAirdrop",
            [
                .string(address.base58), .unsigned(lamports.rawValue),
                ["commitment": .string((commitment ?? self.commitment).rawValue)],
            ],
            isRepeatable: false
        )
    }
}
