import Solana

/// What a transaction did to the accounts it was run on; nothing is stored yet.
struct Execution: Sendable {
    /// Why it failed, or nil; either way it pays the fee and lands.
    var error: TransactionError?
    var fee: Lamports
    var unitPrice: MicroLamports
    var units: UInt64 = 0
    var logs: [String] = []
    var returnData: TransactionRecord.ReturnData?
    var innerInstructions: [Int: [TransactionRecord.InnerInstruction]] = [:]

    /// The accounts before and after, in the order of the transaction's keys.
    var before: [LedgerAccount]
    var after: [LedgerAccount]
}

extension Ledger {
    /// Runs a transaction on the accounts as of a slot, in a validator's order of checks.
    ///
    /// - Parameters:
    ///   - transaction: The transaction; its signatures have been checked.
    ///   - slot: The slot whose accounts, blockhashes and clock count.
    /// - Returns: What it does.
    /// - Throws: What keeps it from landing at all: it pays nothing then.
    func execute(_ transaction: ResolvedTransaction, atSlot slot: UInt64) throws(TransactionError) -> Execution {
        let nonce = try checkAge(of: transaction, atSlot: slot)
        if let landed = landed[transaction.recentBlockhash]?[transaction.messageHash], landed <= slot {
            throw .alreadyProcessed
        }
        let budget = try ComputeBudget(of: transaction)
        let before = load(transaction, atSlot: slot)
        let fee = fee(of: transaction, budget: budget)
        var charged = before
        charged[0] = try chargedPayer(before[0], fee: fee)
        var execution = Execution(fee: fee, unitPrice: budget.unitPrice, before: before, after: charged)
        if let nonce {
            // A failed transaction advances its nonce too: else it could be sent for another fee again and again.
            execution.after[nonce.index].data = NonceAccount.write(nonce.state, over: before[nonce.index].data)
        }
        if let error = loadError(of: transaction, charged, budget: budget, atSlot: slot) {
            execution.error = error
            return execution
        }
        var context = TransactionContext(
            transaction: transaction,
            accounts: charged,
            unitLimit: budget.unitLimit,
            environment: environment(atSlot: slot)
        )
        do throws(TransactionError) {
            try context.run()
            try checkOutcome(of: transaction, before: charged, after: context.accounts)
            execution.after = context.accounts
        } catch {
            execution.error = error
        }
        execution.units = budget.unitLimit - context.unitsRemaining
        execution.logs = context.logs.lines
        execution.innerInstructions = context.innerInstructions
        execution.returnData = context.returnData
        return execution
    }

    /// What a transaction with this budget pays: for every signature, its own or a precompile's, and for priority.
    func fee(of transaction: ResolvedTransaction, budget: ComputeBudget) -> Lamports {
        var signatures = UInt64(transaction.signatures.count)
        for instruction in transaction.instructions where transaction.program(of: instruction) == Ed25519Program.id {
            signatures += Ed25519Precompile.signatureCount(instruction.data)
        }
        // At most 255 instructions of 255 signatures each: no overflow.
        return Lamports(signatures * parameters.lamportsPerSignature.rawValue)
            .saturatingAdding(Lamports(budget.prioritizationFee))
    }

    // MARK: Steps

    /// Whether the transaction is young enough, by its blockhash or by a nonce that stands in for one.
    ///
    /// - Returns: The nonce account's place and its next state, if it is a nonce that makes the transaction valid.
    private func checkAge(
        of transaction: ResolvedTransaction,
        atSlot slot: UInt64
    ) throws(TransactionError) -> (index: Int, state: NonceAccount.State)? {
        if blockhashes.isValid(transaction.recentBlockhash, atHeight: slot) { return nil }
        // The first instruction has to advance the nonce, signed by the nonce's authority.
        guard let first = transaction.instructions.first, transaction.program(of: first) == SystemProgram.id,
            first.data.starts(with: [4, 0, 0, 0]), let index = first.accountIndices.first.map(Int.init),
            transaction.writable[index],
            let account = account(transaction.accountKeys[index], atSlot: slot), account.owner == SystemProgram.id,
            account.data.count == NonceAccount.byteCount,
            case .initialized(var nonce) = NonceAccount.state(of: account.data),
            !nonce.isLegacy, nonce.durableNonce == transaction.recentBlockhash,
            first.accountIndices.contains(where: { key in
                transaction.isSigner(Int(key)) && transaction.accountKeys[Int(key)] == nonce.authority
            })
        else { throw .blockhashNotFound }
        let next = NonceAccount.durableNonce(from: latestBlockhash(atSlot: slot).blockhash)
        guard nonce.durableNonce != next else { throw .blockhashNotFound }
        nonce.durableNonce = next
        nonce.lamportsPerSignature = parameters.lamportsPerSignature
        return (index, .initialized(nonce))
    }

    private func load(_ transaction: ResolvedTransaction, atSlot slot: UInt64) -> [LedgerAccount] {
        transaction.accountKeys.map { key in
            if key == WellKnownAddress.instructions {
                return LedgerAccount(
                    lamports: 0,
                    data: InstructionsSysvar.serialize(transaction),
                    owner: WellKnownAddress.sysvarOwner,
                    rentEpoch: 0
                )
            }
            return account(key, atSlot: slot) ?? .empty
        }
    }

    private func chargedPayer(_ payer: LedgerAccount, fee: Lamports) throws(TransactionError) -> LedgerAccount {
        guard payer.lamports > .zero else { throw .accountNotFound }
        guard payer.owner == SystemProgram.id else { throw .invalidAccountForFee }
        var reserve = Lamports.zero
        if !payer.data.isEmpty {
            // A nonce account may pay too, down to its rent exemption.
            guard payer.data.count == NonceAccount.byteCount, case .initialized = NonceAccount.state(of: payer.data)
            else { throw .invalidAccountForFee }
            reserve = parameters.rent.minimumBalance(dataLength: payer.data.count)
        }
        guard payer.lamports >= reserve.saturatingAdding(fee) else { throw .insufficientFundsForFee }
        var charged = payer
        charged.lamports = payer.lamports.saturatingSubtracting(fee)
        let rent = parameters.rent
        guard RentState(charged, rent: rent).isAllowed(after: RentState(payer, rent: rent)) else {
            throw .insufficientFundsForRent(accountIndex: 0)
        }
        return charged
    }

    /// What keeps the instructions from starting, although the fee is due.
    private func loadError(
        of transaction: ResolvedTransaction,
        _ accounts: [LedgerAccount],
        budget: ComputeBudget,
        atSlot slot: UInt64
    ) -> TransactionError? {
        let loaded = accounts.reduce(0) { $1.owner == WellKnownAddress.nativeLoader ? $0 : $0 + $1.data.count }
        guard loaded <= Int(budget.loadedAccountsBytes) else { return .maxLoadedAccountsDataSizeExceeded }
        for instruction in transaction.instructions {
            let program = accounts[Int(instruction.programIndex)]
            guard program.lamports > .zero else { return .programAccountNotFound }
            guard program.executable else { return .invalidProgramForExecution }
        }
        return nil
    }

    private func environment(atSlot slot: UInt64) -> ExecutionEnvironment {
        let stored = account(WellKnownAddress.clock, atSlot: slot).flatMap { ClockSysvar($0.data) }
        return ExecutionEnvironment(
            clock: stored ?? clock,
            rent: parameters.rent,
            marketProgram: parameters.market.program,
            blockhash: latestBlockhash(atSlot: slot).blockhash,
            lamportsPerSignature: parameters.lamportsPerSignature,
            slotHashes: SlotHashes(account(Sysvar.slotHashes, atSlot: slot)?.data ?? [])
        )
    }

    /// Rent and conservation, over all accounts of a transaction that succeeded.
    private func checkOutcome(
        of transaction: ResolvedTransaction,
        before: [LedgerAccount],
        after: [LedgerAccount]
    ) throws(TransactionError) {
        let rent = parameters.rent
        var difference: Int128 = 0
        for index in before.indices {
            difference += Int128(after[index].lamports.rawValue) - Int128(before[index].lamports.rawValue)
            guard transaction.writable[index], transaction.accountKeys[index] != WellKnownAddress.incinerator else {
                continue
            }
            guard RentState(after[index], rent: rent).isAllowed(after: RentState(before[index], rent: rent)) else {
                throw .insufficientFundsForRent(accountIndex: UInt8(truncatingIfNeeded: index))
            }
        }
        guard difference == 0 else { throw .unbalancedTransaction }
    }
}
