import Solana

/// What a transaction asks of the compute budget, by the rules of Agave's `process_compute_budget_instructions`.
struct ComputeBudget: Sendable, Hashable {
    static let maximumUnits: UInt64 = 1_400_000
    static let defaultUnitsPerInstruction: UInt64 = 200_000
    static let defaultUnitsPerBuiltin: UInt64 = 3_000
    static let minimumHeapBytes: UInt32 = 32 * 1_024
    static let maximumHeapBytes: UInt32 = 256 * 1_024
    static let maximumLoadedAccountsBytes: UInt32 = 64 * 1_024 * 1_024

    /// The most compute units that the transaction may use.
    var unitLimit: UInt64

    /// The price of one compute unit.
    var unitPrice: MicroLamports = 0

    /// The most bytes of account data that the transaction may load.
    var loadedAccountsBytes = Self.maximumLoadedAccountsBytes

    /// The fee on top of the signatures': price times limit, rounded up.
    var prioritizationFee: UInt64 {
        let (high, low) = unitPrice.rawValue.multipliedFullWidth(by: unitLimit)
        guard high < 1_000_000 else { return .max }
        let (quotient, remainder) = UInt64(1_000_000).dividingFullWidth((high, low))
        let (fee, overflow) = quotient.addingReportingOverflow(remainder == 0 ? 0 : 1)
        return overflow ? .max : fee
    }

    /// No budget: no unit may be used, no priority is paid.
    init() {
        unitLimit = 0
    }

    /// Reads the budget that a transaction sets.
    ///
    /// - Parameter transaction: The transaction.
    /// - Throws: `DuplicateInstruction`, `InvalidInstructionData` of the offending instruction, or
    ///   `InvalidLoadedAccountsDataSizeLimit`; such a transaction never lands and pays no fee.
    init(of transaction: ResolvedTransaction) throws(TransactionError) {
        var limit: UInt32?
        var price: UInt64?
        var heap: UInt32?
        var loaded: UInt32?
        var defaultUnits: UInt64 = 0
        for (index, instruction) in transaction.instructions.enumerated() {
            let program = transaction.program(of: instruction)
            defaultUnits += Self.isBuiltin(program) ? Self.defaultUnitsPerBuiltin : Self.defaultUnitsPerInstruction
            guard program == ComputeBudgetProgram.id else { continue }
            let position = UInt8(truncatingIfNeeded: index)
            let malformed = TransactionError.instructionError(index: position, .invalidInstructionData)
            var reader = InstructionReader(instruction.data)
            guard let tag = reader.u8() else { throw malformed }
            switch tag {
            case 1:
                guard heap == nil else { throw .duplicateInstruction(index: position) }
                guard let bytes = reader.u32(), bytes % 1_024 == 0,
                    (Self.minimumHeapBytes...Self.maximumHeapBytes).contains(bytes)
                else { throw malformed }
                heap = bytes
            case 2:
                guard limit == nil else { throw .duplicateInstruction(index: position) }
                guard let units = reader.u32() else { throw malformed }
                limit = units
            case 3:
                guard price == nil else { throw .duplicateInstruction(index: position) }
                guard let microLamports = reader.u64() else { throw malformed }
                price = microLamports
            case 4:
                guard loaded == nil else { throw .duplicateInstruction(index: position) }
                guard let bytes = reader.u32() else { throw malformed }
                loaded = bytes
            default:
                throw malformed
            }
        }
        unitLimit = min(limit.map(UInt64.init) ?? defaultUnits, Self.maximumUnits)
        if let price { unitPrice = MicroLamports(price) }
        if let loaded {
            guard loaded > 0 else { throw .invalidLoadedAccountsDataSizeLimit }
            loadedAccountsBytes = min(loaded, Self.maximumLoadedAccountsBytes)
        }
    }

    /// Whether Agave runs the program as a builtin, which reserves fewer units by default.
    private static func isBuiltin(_ program: Address) -> Bool {
        program == SystemProgram.id || program == ComputeBudgetProgram.id || program == Ed25519Program.id
            || program == WellKnownAddress.upgradeableLoader
    }
}
