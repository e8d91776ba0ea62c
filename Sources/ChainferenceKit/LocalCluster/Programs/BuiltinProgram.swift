import Solana

/// The programs that a local cluster can run, all of them natively.
enum BuiltinProgram {
    case system
    case computeBudget
    case ed25519
    case memo1
    case memo2
    case market
    case lookupTable

    /// The program at an address, if the cluster knows how to run it.
    init?(_ address: Address, market: Address) {
        switch address {
        case SystemProgram.id: self = .system
        case market: self = .market
        case ComputeBudgetProgram.id: self = .computeBudget
        case Ed25519Program.id: self = .ed25519
        case WellKnownAddress.memo2: self = .memo2
        case WellKnownAddress.memo1: self = .memo1
        case AddressLookupTableProgram.id: self = .lookupTable
        default: return nil
        }
    }

    var isPrecompile: Bool { self == .ed25519 }

    /// Runs the instruction on top of the stack.
    func run(in context: inout TransactionContext) throws(InstructionError) {
        switch self {
        case .system: try SystemProcessor.run(in: &context)
        case .computeBudget: try context.consume(150)  // The transaction's budget was read before it started.
        case .ed25519: try Ed25519Precompile.run(in: &context)
        case .memo1: try MemoProcessor.run(in: &context, logsContent: false)
        case .memo2: try MemoProcessor.run(in: &context, logsContent: true)
        case .market: try MarketProcessor.run(in: &context)
        case .lookupTable: try LookupTableProcessor.run(in: &context)
        }
    }
}
