import Solana

/// The Ed25519 precompile, on the instruction that runs.
enum Ed25519Precompile {
    static func run(in context: inout TransactionContext) throws(InstructionError) {
        do throws(PrecompileError) {
            try Ed25519Program.verify(
                context.frame.data,
                instructions: context.transaction.instructions.map(\.data)
            )
        } catch {
            throw .custom(error.rawValue)
        }
    }

    /// How many signatures an instruction asks to verify; each costs as much as one of the transaction's own.
    static func signatureCount(_ data: [UInt8]) -> UInt64 { UInt64(data.first ?? 0) }
}
