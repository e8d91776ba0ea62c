import JSON
import Solana

/// What a transaction is to do, before it has a blockhash, a compute budget and signatures.
struct TransactionPlan: Sendable {
    let instructions: [Instruction]
    let payer: any Signer
    let signers: [any Signer]
    let lookupTables: [AddressLookupTable]

    /// What the instructions themselves ask of the compute budget.
    var ownBudget: (setsLimit: Bool, setsPrice: Bool) {
        var budget = (setsLimit: false, setsPrice: false)
        for instruction in instructions where instruction.program == ComputeBudgetProgram.id {
            switch ComputeBudgetInstruction(decoding: instruction.data) {
            case .setComputeUnitLimit: budget.setsLimit = true
            case .setComputeUnitPrice: budget.setsPrice = true
            default: break
            }
        }
        return budget
    }

    /// The accounts that the instructions write to, for the price of priority.
    var writableAccounts: [Address] {
        var seen: Set<Address> = [payer.address]
        var accounts = [payer.address]
        for instruction in instructions {
            for account in instruction.accounts where account.isWritable && seen.insert(account.address).inserted {
                accounts.append(account.address)
            }
        }
        return accounts
    }

    /// The unsigned transaction.
    func transaction(
        computeUnitLimit: ComputeUnits?,
        price: MicroLamports?,
        blockhash: Blockhash
    ) throws -> Transaction {
        var all = instructions
        if let computeUnitLimit { all.append(ComputeBudgetProgram.setComputeUnitLimit(computeUnitLimit.rawValue)) }
        if let price, price > .zero { all.append(ComputeBudgetProgram.setComputeUnitPrice(price)) }
        return try Transaction(
            feePayer: payer.address,
            instructions: all,
            lookupTables: lookupTables,
            recentBlockhash: blockhash
        )
    }

    /// All who sign, each once.
    var allSigners: [any Signer] {
        var seen: Set<Address> = []
        return ([payer] + signers).filter { seen.insert($0.address).inserted }
    }
}

extension TransactionSender {
    /// Makes a signed transaction of a plan: blockhash, simulation, limit, price, signatures.
    ///
    /// - Throws: ``TransactionSendError``; nothing has been sent then.
    func prepare(_ plan: TransactionPlan, expiry: Duration) async throws -> PendingTransaction {
        try await preparing(until: expiry) { try await makePending(plan) }
    }

    /// Does what comes before sending, until the time is over.
    ///
    /// - Throws: ``TransactionSendError``; nothing has been sent then.
    func preparing<Value: Sendable>(
        until expiry: Duration,
        _ body: @escaping @Sendable () async throws -> Value
    ) async throws -> Value {
        let limit = expiry - rpc.environment.clock.now
        do {
            return try await withDeadline(limit, clock: rpc.environment.clock) {
                TransactionSendError.notSent(PreparationTimeout(limit: policy.deadline))
            } body: {
                try await body()
            }
        } catch let error as TransactionSendError {
            throw error
        } catch let error as RPCError {
            if let failure = error.preflightFailure { throw TransactionSendError.simulationFailed(failure) }
            throw TransactionSendError.notSent(error)
        } catch {
            throw TransactionSendError.notSent(error)
        }
    }

    private func makePending(_ plan: TransactionPlan) async throws -> PendingTransaction {
        let draft = try await makeDraft(plan)
        var transaction = draft.transaction
        if let maximum = policy.maximumFee {
            let fee = TransactionFee(of: transaction.message).total
            guard fee <= maximum else { throw TransactionSendError.tooExpensive(fee: fee, maximum: maximum) }
        }
        _ = try transaction.serialized()
        try transaction.sign(by: plan.allSigners)
        return try PendingTransaction(
            transaction: transaction,
            lastValidBlockHeight: draft.latest.lastValidBlockHeight
        )
    }

    /// Chooses blockhash, limit and price, and simulates if the policy says so.
    func makeDraft(_ plan: TransactionPlan) async throws -> TransactionDraft {
        let own = plan.ownBudget
        async let price = own.setsPrice ? nil : chosenPrice(plan)
        var latest = try await rpc.getLatestBlockhash().value
        let chosen = try await price
        var units: ComputeUnits?
        var used: UInt64?
        switch own.setsLimit ? .runtimeDefault : policy.computeUnitLimit {
        case .runtimeDefault: units = nil
        case .fixed(let fixed): units = fixed
        // Without a simulation there is nothing to go by.
        case .simulated: units = policy.simulates ? .maximum : nil
        }
        if policy.simulates {
            (used, latest) = try await simulate(plan, units: units, price: chosen, latest: latest)
            if case .simulated(let factor, let floor, let cap) = policy.computeUnitLimit, !own.setsLimit {
                units = used.map { Self.limit(used: $0, factor: factor, floor: floor, cap: cap) }
            }
        }
        let transaction = try plan.transaction(computeUnitLimit: units, price: chosen, blockhash: latest.blockhash)
        return TransactionDraft(transaction: transaction, latest: latest, used: used, limit: units, price: chosen)
    }

    /// Simulates; takes a newer blockhash if the node does not know the first one yet.
    ///
    /// - Returns: the units that were used, and the blockhash that the node knew.
    private func simulate(
        _ plan: TransactionPlan,
        units: ComputeUnits?,
        price: MicroLamports?,
        latest: LatestBlockhash
    ) async throws -> (UInt64?, LatestBlockhash) {
        var latest = latest
        for attempt in 1... {
            let draft = try plan.transaction(computeUnitLimit: units, price: price, blockhash: latest.blockhash)
            let result = try await rpc.simulateTransaction(draft).value
            guard let failure = result.failure else { return (result.computeUnits, latest) }
            // A node of a pool that lags behind the one that gave the blockhash. Nothing is signed yet: try again.
            guard failure.error == .blockhashNotFound, attempt < 4 else {
                throw TransactionSendError.simulationFailed(failure)
            }
            try await rpc.environment.clock.sleep(for: policy.pollInterval)
            latest = try await rpc.getLatestBlockhash().value
        }
        preconditionFailure("the loop above has no other end")
    }

    private func chosenPrice(_ plan: TransactionPlan) async throws -> MicroLamports? {
        guard case .percentile = policy.priorityFee else { return policy.priorityFee.price(recent: []) }
        let recent = try await rpc.getRecentPrioritizationFees(writableAccounts: plan.writableAccounts)
        return policy.priorityFee.price(recent: recent)
    }

    /// The limit that follows from the units that a simulation used.
    static func limit(
        used: UInt64,
        factor: Double,
        floor: ComputeUnits,
        cap: ComputeUnits = .maximum
    ) -> ComputeUnits {
        let scaled = (Double(used) * max(1, factor)).rounded(.up)
        let bounded = min(max(scaled, Double(floor.rawValue)), Double(min(cap, .maximum).rawValue))
        return ComputeUnits(UInt32(bounded))
    }
}

/// A transaction that lacks nothing but signatures, and how it came to its limit and price.
struct TransactionDraft: Sendable {
    let transaction: Transaction
    let latest: LatestBlockhash
    let used: UInt64?
    let limit: ComputeUnits?
    let price: MicroLamports?
}

/// The policy's time was over before a transaction was signed.
struct PreparationTimeout: Error, CustomStringConvertible {
    let limit: Duration

    var description: String { "no answer of the node in the \(limit) that sending may take" }
}
