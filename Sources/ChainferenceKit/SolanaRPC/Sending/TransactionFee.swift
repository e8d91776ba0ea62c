public import Solana

/// What the network charges for a message, computed from the message alone.
///
/// 5,000 lamports for each signature, those that precompiled programs check included, and the price per compute unit
/// times the limit of compute units, rounded up to a whole lamport.
public struct TransactionFee: Hashable, Sendable {
    /// What one signature costs.
    public static let lamportsPerSignature: UInt64 = 5_000

    /// For the signatures.
    public let signatures: Lamports
    /// For the priority.
    public let priority: Lamports

    /// Both together.
    public var total: Lamports { signatures.saturatingAdding(priority) }

    /// Computes the fee of a message.
    public init(of message: VersionedMessage) {
        var count = UInt64(message.header.requiredSignatures)
        var limit: UInt32?
        var price = MicroLamports.zero
        var others: UInt64 = 0
        var builtin: UInt64 = 0
        for instruction in message.instructions {
            let index = Int(instruction.programIndex)
            guard message.accounts.indices.contains(index) else { continue }
            let program = message.accounts[index]
            if Self.precompiles.contains(program) {
                count += UInt64(instruction.data.first ?? 0)
            }
            if program == ComputeBudgetProgram.id {
                switch ComputeBudgetInstruction(decoding: instruction.data) {
                case .setComputeUnitLimit(let units): limit = units
                case .setComputeUnitPrice(let value): price = value
                default: break
                }
            }
            if Self.builtins.contains(program) { builtin += 1 } else { others += 1 }
        }
        // Without a limit the runtime grants 200,000 units for an instruction, and 3,000 for one to a built-in program.
        let granted = UInt32(clamping: others * 200_000 + builtin * 3_000)
        let units = min(limit ?? granted, ComputeBudgetProgram.maximumComputeUnitLimit)
        signatures = Lamports(count * Self.lamportsPerSignature)
        priority = price.fee(computeUnitLimit: units)
    }

    private static let precompiles: Set<Address> = [
        Ed25519Program.id,
        Address(literal: "KeccakSecp256k11111111111111111111111111111"),
        Address(literal: "Secp256r1SigVerify1111111111111111111111111"),
    ]

    private static let builtins: Set<Address> = [
        ComputeBudgetProgram.id,
        SystemProgram.id,
        Ed25519Program.id,
        Address(literal: "KeccakSecp256k11111111111111111111111111111"),
        Address(literal: "Vote111111111111111111111111111111111111111"),
        Address(literal: "BPFLoader2111111111111111111111111111111111"),
        Address(literal: "BPFLoader1111111111111111111111111111111111"),
        Address(literal: "BPFLoaderUpgradeab1e11111111111111111111111"),
        Address(literal: "LoaderV411111111111111111111111111111111111"),
    ]
}
