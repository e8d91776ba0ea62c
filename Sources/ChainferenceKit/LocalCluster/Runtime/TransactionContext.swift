import Solana

/// One account of an instruction: which of the transaction's accounts it is, and what the instruction may do with it.
struct InstructionAccount: Sendable, Hashable {
    var index: Int
    var isSigner: Bool
    var isWritable: Bool
}

/// An instruction that is running.
struct InstructionFrame: Sendable {
    var program: Address
    var programIndex: Int
    var accounts: [InstructionAccount]
    var data: [UInt8]
}

/// What the cluster tells a running transaction.
struct ExecutionEnvironment: Sendable {
    var clock: ClockSysvar
    var rent: Rent
    var marketProgram: Address

    /// The newest blockhash, which advanced nonces follow from.
    var blockhash: Blockhash
    var lamportsPerSignature: Lamports

    /// The slots that lookup tables take for recent.
    var slotHashes: SlotHashes
}

/// The accounts of one transaction while it runs, with everything that the rules about them need.
///
/// The accounts are copies: a caller that drops the context has rolled the transaction back.
struct TransactionContext {
    /// How deep programs may call each other (`MAX_INSTRUCTION_STACK_DEPTH`).
    static let maximumDepth = 5

    /// The largest account that there may be.
    static let maximumDataCount = 10 * 1_024 * 1_024

    /// How much one transaction may grow its accounts by, in all.
    static let maximumGrowth = 20 * 1_024 * 1_024

    let transaction: ResolvedTransaction
    let environment: ExecutionEnvironment
    let unitLimit: UInt64

    var accounts: [LedgerAccount]
    var logs = LogCollector()
    var unitsRemaining: UInt64
    var returnData: TransactionRecord.ReturnData?
    var innerInstructions: [Int: [TransactionRecord.InnerInstruction]] = [:]

    private(set) var frames: [InstructionFrame] = []
    private(set) var topLevelIndex = 0
    private var growth = 0

    init(
        transaction: ResolvedTransaction,
        accounts: [LedgerAccount],
        unitLimit: UInt64,
        environment: ExecutionEnvironment
    ) {
        self.transaction = transaction
        self.accounts = accounts
        self.unitLimit = unitLimit
        self.unitsRemaining = unitLimit
        self.environment = environment
    }

    /// How deep the running instruction is; 1 for a top-level one.
    var depth: Int { frames.count }

    /// Runs the instructions of the transaction in order.
    ///
    /// - Throws: The first error, with the index of its instruction.
    mutating func run() throws(TransactionError) {
        for (index, instruction) in transaction.instructions.enumerated() {
            topLevelIndex = index
            let frame = InstructionFrame(
                program: transaction.program(of: instruction),
                programIndex: Int(instruction.programIndex),
                accounts: instruction.accountIndices.map { account in
                    InstructionAccount(
                        index: Int(account),
                        isSigner: transaction.isSigner(Int(account)),
                        isWritable: transaction.writable[Int(account)]
                    )
                },
                data: instruction.data
            )
            InstructionsSysvar.setCurrentIndex(index, in: &self)
            do throws(InstructionError) {
                try execute(frame)
            } catch {
                throw .instructionError(index: UInt8(truncatingIfNeeded: index), error)
            }
        }
    }

    /// Runs an instruction that a program invokes, and records it.
    mutating func invoke(_ frame: InstructionFrame) throws(InstructionError) {
        innerInstructions[topLevelIndex, default: []].append(
            TransactionRecord.InnerInstruction(
                programIndex: frame.programIndex,
                accountIndexes: frame.accounts.map(\.index),
                data: frame.data,
                stackHeight: depth + 1
            )
        )
        try execute(frame)
    }

    /// Uses compute units.
    mutating func consume(_ units: UInt64) throws(InstructionError) {
        guard unitsRemaining >= units else {
            unitsRemaining = 0
            throw .computationalBudgetExceeded
        }
        unitsRemaining -= units
    }

    private mutating func execute(_ frame: InstructionFrame) throws(InstructionError) {
        guard depth < Self.maximumDepth else { throw .callDepth }
        if frames.dropLast().contains(where: { $0.program == frame.program }) { throw .reentrancyNotAllowed }
        let before = lamportsHeld(by: frame)
        frames.append(frame)
        defer { frames.removeLast() }
        guard let program = BuiltinProgram(frame.program, market: environment.marketProgram) else {
            throw .unsupportedProgramId
        }
        // A precompile is no program that is invoked: it leaves nothing in the log.
        if program.isPrecompile { return try program.run(in: &self) }
        logs.append("Program \(frame.program) invoke [\(depth)]")
        do throws(InstructionError) {
            try program.run(in: &self)
            guard lamportsHeld(by: frame) == before else { throw .unbalancedInstruction }
        } catch {
            logs.append("Program \(frame.program) failed: \(error.agaveText)")
            throw error
        }
        logs.append("Program \(frame.program) success")
    }

    /// The sum over the instruction's accounts, each counted once; 128 bits, so that nothing wraps.
    private func lamportsHeld(by frame: InstructionFrame) -> UInt128 {
        var sum: UInt128 = 0
        for (position, account) in frame.accounts.enumerated()
        where !frame.accounts[..<position].contains(where: { $0.index == account.index }) {
            sum += UInt128(accounts[account.index].lamports.rawValue)
        }
        return sum
    }
}

// MARK: - What the running instruction may do

extension TransactionContext {
    /// The running instruction.
    var frame: InstructionFrame { frames[frames.count - 1] }

    /// The running instruction's account at a position.
    ///
    /// - Throws: `MissingAccount` past the end.
    func account(at position: Int) throws(InstructionError) -> InstructionAccount {
        let accounts = frames[frames.count - 1].accounts
        guard position < accounts.count else { throw .missingAccount }
        return accounts[position]
    }

    /// The address of an account.
    func key(of account: InstructionAccount) -> Address { transaction.accountKeys[account.index] }

    /// Changes a balance: only the owner may take, and nobody may touch a read-only account.
    mutating func setLamports(_ lamports: Lamports, of account: InstructionAccount) throws(InstructionError) {
        let current = accounts[account.index]
        guard current.lamports != lamports else { return }
        if current.owner != frame.program, lamports < current.lamports { throw .externalAccountLamportSpend }
        guard account.isWritable else { throw .readonlyLamportChange }
        accounts[account.index].lamports = lamports
    }

    /// Gives an account to another program: only the owner may, and only while the data is all zero.
    mutating func setOwner(_ owner: Address, of account: InstructionAccount) throws(InstructionError) {
        let current = accounts[account.index]
        guard current.owner != owner else { return }
        guard current.owner == frame.program, account.isWritable, current.data.allSatisfy({ $0 == 0 }) else {
            throw .modifiedProgramId
        }
        accounts[account.index].owner = owner
    }

    /// Replaces the data, size and all.
    mutating func setData(_ data: [UInt8], of account: InstructionAccount) throws(InstructionError) {
        guard accounts[account.index].data != data else { return }
        if data.count != accounts[account.index].data.count { try checkResize(to: data.count, of: account) }
        guard account.isWritable else { throw .readonlyDataModified }
        guard accounts[account.index].owner == frame.program else { throw .externalAccountDataModified }
        growth += data.count - accounts[account.index].data.count
        accounts[account.index].data = data
    }

    /// Grows the data with zeros, or cuts it.
    mutating func resize(to count: Int, of account: InstructionAccount) throws(InstructionError) {
        let current = accounts[account.index].data.count
        guard current != count else { return }
        try checkResize(to: count, of: account)
        guard account.isWritable else { throw .readonlyDataModified }
        growth += count - current
        if count < current {
            accounts[account.index].data.removeLast(current - count)
        } else {
            accounts[account.index].data.append(contentsOf: repeatElement(0, count: count - current))
        }
    }

    private func checkResize(to count: Int, of account: InstructionAccount) throws(InstructionError) {
        let current = accounts[account.index]
        guard current.owner == frame.program else { throw .accountDataSizeChanged }
        guard count <= Self.maximumDataCount else { throw .invalidRealloc }
        guard growth + count - current.data.count <= Self.maximumGrowth else {
            throw .maxAccountsDataAllocationsExceeded
        }
    }
}
