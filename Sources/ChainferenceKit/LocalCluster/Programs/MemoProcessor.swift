import Solana

/// The memo programs: text that goes into the log, and signatures that vouch for it.
///
/// On a validator both are SBF programs; here they run natively and their compute units are estimates.
enum MemoProcessor {
    static func run(in context: inout TransactionContext, logsContent: Bool) throws(InstructionError) {
        let before = context.unitsRemaining
        let frame = context.frame
        do throws(InstructionError) {
            try context.consume(300 + UInt64(frame.data.count))
            if logsContent { try logSigners(frame, &context) }
            guard let text = String(validating: frame.data, as: UTF8.self) else {
                throw logsContent ? .programFailedToComplete : .invalidInstructionData
            }
            if logsContent {
                context.logs.append("Program log: Memo (len \(frame.data.count))")
                context.logs.append("Program log: \(text)")
            }
        } catch {
            logUnits(before, frame, &context)
            throw error
        }
        logUnits(before, frame, &context)
    }

    private static func logSigners(
        _ frame: InstructionFrame,
        _ context: inout TransactionContext
    ) throws(InstructionError) {
        guard !frame.accounts.isEmpty else { return }
        context.logs.append("Program log: Signed by:")
        for account in frame.accounts {
            guard account.isSigner else { throw .missingRequiredSignature }
            context.logs.append("Program log: \(context.key(of: account))")
            try context.consume(100)
        }
    }

    private static func logUnits(_ before: UInt64, _ frame: InstructionFrame, _ context: inout TransactionContext) {
        let used = before - context.unitsRemaining
        context.logs.append("Program \(frame.program) consumed \(used) of \(before) compute units")
    }

    /// The memos of a transaction as `getSignaturesForAddress` shows them, or nil if there are none.
    static func memos(in transaction: ResolvedTransaction) -> String? {
        let memos = transaction.instructions.compactMap { instruction -> String? in
            let program = transaction.program(of: instruction)
            guard program == WellKnownAddress.memo1 || program == WellKnownAddress.memo2 else { return nil }
            let text = String(validating: instruction.data, as: UTF8.self) ?? "(unparseable)"
            return "[\(instruction.data.count)] \(text)"
        }
        return memos.isEmpty ? nil : memos.joined(separator: "; ")
    }
}
