import Solana

/// A transaction whose lookup tables are resolved and whose privileges are settled: what the runtime executes.
struct ResolvedTransaction: Sendable {
    /// The transaction as it came over the wire.
    let wireBytes: [UInt8]

    /// One signature for each of the first keys; the first names the transaction.
    let signatures: [Signature]

    /// What identifies the message, whoever signed it and how.
    let messageHash: Blockhash

    let recentBlockhash: Blockhash

    /// The static keys, then the looked-up writable ones, then the looked-up read-only ones.
    let accountKeys: [Address]

    /// Whether an instruction may write to the account, after the runtime's demotions.
    let writable: [Bool]

    let loadedWritableCount: Int
    let loadedReadonlyCount: Int
    let instructions: [CompiledInstruction]

    /// The signature by which the transaction is known.
    var signature: Signature { signatures[0] }

    func program(of instruction: CompiledInstruction) -> Address { accountKeys[Int(instruction.programIndex)] }

    func isSigner(_ index: Int) -> Bool { index < signatures.count }

    /// The same transaction with another blockhash, for simulations that ask for a fresh one.
    func replacingBlockhash(_ blockhash: Blockhash) -> ResolvedTransaction {
        ResolvedTransaction(
            wireBytes: wireBytes,
            signatures: signatures,
            messageHash: messageHash,
            recentBlockhash: blockhash,
            accountKeys: accountKeys,
            writable: writable,
            loadedWritableCount: loadedWritableCount,
            loadedReadonlyCount: loadedReadonlyCount,
            instructions: instructions
        )
    }
}
