import Solana

/// An account that a program hands on to one that it invokes, and the privileges that it asks for.
struct InvokedAccount: Sendable {
    var account: InstructionAccount
    var isSigner = false
    var isWritable = false
}

extension TransactionContext {
    /// Runs the system program on behalf of the running program.
    ///
    /// - Parameters:
    ///   - data: The system instruction.
    ///   - accounts: Its accounts; every one is an account of the running instruction.
    ///   - derivedSigner: The program's own address that it signs for by seeds, if any.
    /// - Throws: `PrivilegeEscalation` if the running instruction does not have what it hands on, `MissingAccount` if it
    ///   was not given the system program, and what the system program throws.
    mutating func invokeSystem(
        _ data: [UInt8],
        _ accounts: [InvokedAccount],
        derivedSigner: Address? = nil
    ) throws(InstructionError) {
        var passed: [InstructionAccount] = []
        for invoked in accounts {
            let key = key(of: invoked.account)
            if invoked.isWritable, !invoked.account.isWritable { try refuseEscalation(of: key, "writable") }
            if invoked.isSigner, !invoked.account.isSigner, key != derivedSigner {
                try refuseEscalation(of: key, "signer")
            }
            passed.append(
                InstructionAccount(
                    index: invoked.account.index,
                    isSigner: invoked.isSigner,
                    isWritable: invoked.isWritable
                )
            )
        }
        guard let system = frame.accounts.first(where: { self.key(of: $0) == SystemProgram.id }) else {
            logs.append("Unknown program \(SystemProgram.id)")
            throw .missingAccount
        }
        try invoke(
            InstructionFrame(program: SystemProgram.id, programIndex: system.index, accounts: passed, data: data)
        )
    }

    private mutating func refuseEscalation(of key: Address, _ privilege: String) throws(InstructionError) {
        logs.append("\(key)'s \(privilege) privilege escalated")
        throw .privilegeEscalation
    }
}
