import InferenceMarket
import Solana
import SolanaRPC
import Synchronization

extension ProviderEngine {
    /// Sends instructions in one transaction that is written down before it goes out, with what it was for.
    ///
    /// - Parameters:
    ///   - instructions: What to do, all or nothing.
    ///   - purpose: What it is for.
    ///   - locks: The locks that it is about.
    /// - Returns: The confirmed transaction.
    /// - Throws: `TransactionSendError`, or ``StoreError`` when it could not be written down; then nothing was sent.
    func send(
        _ instructions: [Instruction],
        for purpose: SentTransaction.Purpose,
        locks: [LockID] = []
    ) async throws -> ConfirmedTransaction {
        let (store, now) = (store, time.now)
        do {
            let done = try await chain.send(instructions, wallet: wallet) { pending in
                try await store.save(
                    SentTransaction(
                        signature: pending.signature,
                        purpose: purpose,
                        locks: locks,
                        fee: pending.fee,
                        lastValidBlockHeight: pending.lastValidBlockHeight,
                        sentAt: now
                    )
                )
            }
            try await store.setOutcome(.landed, of: done.signature, fee: done.fee)
            count(fee: done.fee)
            return done
        } catch let error as TransactionSendError {
            switch error {
            case .failed(let signature, _, _, let fee):
                try await store.setOutcome(.failed, of: signature, fee: fee)
                count(fee: fee)
            case .expired(let signature, _):
                try await store.setOutcome(.expired, of: signature)
            case .notSent, .simulationFailed, .tooExpensive, .refused, .undecided:
                // What may still land stays undecided, and is looked after by ``settleBooks()``.
                break
            }
            throw error
        }
    }

    private func count(fee: Lamports) {
        state.withLock { $0.counts.transactionFees = $0.counts.transactionFees.saturatingAdding(fee) }
    }

    /// Finds out what became of the transactions whose outcome was never learned: a crash or a lost answer came between.
    func settleBooks() async throws {
        let undecided = try await store.undecidedTransactions()
        guard !undecided.isEmpty else { return }
        let height = try await chain.rpc.getBlockHeight()
        let statuses = try await chain.rpc.getSignatureStatuses(undecided.map(\.signature), searchesHistory: true)
        for (sent, status) in zip(undecided, statuses.value) {
            if let status {
                guard status.hasReached(.confirmed) else { continue }
                try await store.setOutcome(status.error == nil ? .landed : .failed, of: sent.signature)
            } else if height > sent.lastValidBlockHeight {
                try await store.setOutcome(.expired, of: sent.signature)
            }
        }
    }

    /// How many days the books name every session; days before that are kept as one line for each model.
    private static let daysOfRows: Int64 = 90

    /// Folds what is old in the books, once a day.
    func pruneBooks() async throws {
        let now = time.now
        guard state.withLock({ $0.prunedAt.map { $0.seconds(until: now) >= 86_400 } ?? true }) else { return }
        try await store.prune(before: now.advanced(bySeconds: -Self.daysOfRows * 86_400))
        state.withLock { $0.prunedAt = now }
    }

    /// Packs instructions into as few transactions as their size allows, in order; what belongs together stays together.
    ///
    /// - Parameters:
    ///   - groups: Instructions that must stand in one transaction, one after the other.
    ///   - payer: Who pays the fees.
    /// - Returns: The numbers of the groups in each transaction.
    static func batches(of groups: [[Instruction]], payer: Address) -> [[Int]] {
        // Room for the compute budget that is added on sending.
        let room = Transaction.maximumByteCount - 96
        func size(_ indices: [Int]) -> Int {
            let transaction = try? Transaction(
                feePayer: payer,
                instructions: indices.flatMap { groups[$0] },
                recentBlockhash: .zero
            )
            return (try? transaction?.serialized().count) ?? .max
        }
        var batches: [[Int]] = []
        for index in groups.indices {
            if let last = batches.last, last.count < mostPerTransaction, size(last + [index]) <= room {
                batches[batches.count - 1].append(index)
            } else {
                batches.append([index])
            }
        }
        return batches
    }

    /// The validator checks at most eight signatures by precompiles in one transaction.
    /// https://github.com/anza-xyz/agave/blob/master/feature-set/src/lib.rs, `reduce_verify_limit`
    private static let mostPerTransaction = 8
}
