import JSON
import Solana
import Synchronization

/// Learns what became of one signed transaction: several ways race, and the first to know wins.
struct ConfirmationRace: Sendable {
    enum Outcome: Sendable, Hashable {
        /// It reached the commitment; the error says why it failed, nil that it succeeded.
        case landed(slot: UInt64, TransactionError?)
        /// It did not land and never will.
        case expired
        /// Nobody knows.
        case undecided(String)
    }

    let rpc: RPCClient
    let pubsub: PubSubClient?
    let policy: SendPolicy
    let pending: PendingTransaction
    let expiry: Duration
    private let lastProblem = ProblemNote()

    init(rpc: RPCClient, pubsub: PubSubClient?, policy: SendPolicy, pending: PendingTransaction, expiry: Duration) {
        self.rpc = rpc
        self.pubsub = pubsub
        self.policy = policy
        self.pending = pending
        self.expiry = expiry
    }

    private var clock: MonotonicClock { rpc.environment.clock }

    /// Sends and races until the outcome is known, the time is over, or the task is cancelled.
    ///
    /// - Parameter sendsFirst: whether the transaction is new, so that a refusal of the node is final.
    /// - Returns: what became of the transaction.
    /// - Throws: ``TransactionSendError``, if the node refuses a new transaction.
    func run(sendsFirst: Bool) async throws -> Outcome {
        let result: Result<Outcome?, TransactionSendError> = await withTaskGroup(
            of: Result<Outcome?, TransactionSendError>.self
        ) { group in
            defer { group.cancelAll() }
            group.addTask { await broadcast(isNew: sendsFirst) }
            group.addTask { .success(await pollStatus()) }
            group.addTask { .success(await watchBlockHeight()) }
            if let pubsub { group.addTask { .success(await listen(pubsub)) } }
            group.addTask { .success(await waitForDeadline()) }
            while let result = await group.next() {
                switch result {
                // This one has given up; the others go on.
                case .success(nil): continue
                default: return result
                }
            }
            return .success(nil)
        }
        switch result {
        case .success(let outcome?): return outcome
        case .success(nil): return .undecided(Task.isCancelled ? "the task was cancelled" : lastProblem.text)
        case .failure(let error): throw error
        }
    }

    // MARK: The racers. Each returns nil when it gives up or is cancelled.

    /// Sends the same bytes at once, and again and again.
    private func broadcast(isNew: Bool) async -> Result<Outcome?, TransactionSendError> {
        var isFirst = true
        while !Task.isCancelled {
            do {
                try await rpc.sendTransaction(
                    pending.transaction,
                    skipsPreflight: policy.simulates || !isFirst,
                    maximumRetries: 0,
                    deadline: max(policy.rebroadcastInterval, .seconds(2))
                )
                lastProblem.clear()
            } catch let error as RPCError {
                lastProblem.note(error)
                if isFirst, isNew, let refusal = refusal(error) { return .failure(refusal) }
            } catch {
                return .success(nil)
            }
            isFirst = false
            guard await pause(policy.rebroadcastInterval) else { return .success(nil) }
        }
        return .success(nil)
    }

    /// What an error of the very first sending means, if it is final: nobody else has seen the bytes then.
    private func refusal(_ error: RPCError) -> TransactionSendError? {
        switch error.reason {
        case .preflightFailure(let failure):
            // It can't have been processed before it was sent: an earlier attempt of this call has arrived.
            if failure.error == .alreadyProcessed { return nil }
            return error.attempts == 1 ? .simulationFailed(failure) : nil
        case .refused(let code, _, _) where !code.isTransient && error.attempts == 1:
            return .refused(pending, error)
        case .requestTooLarge, .forbidden:
            return error.attempts == 1 ? .refused(pending, error) : nil
        default:
            return nil
        }
    }

    /// Asks for the status, at once and then at intervals.
    private func pollStatus() async -> Outcome? {
        while !Task.isCancelled {
            if let outcome = await look() { return outcome }
            guard await pause(policy.pollInterval) else { return nil }
        }
        return nil
    }

    /// Asks for the status once.
    private func look() async -> Outcome? {
        do {
            let statuses = try await rpc.getSignatureStatuses([pending.signature])
            guard let status = statuses.value[0], status.hasReached(policy.commitment) else { return nil }
            return .landed(slot: status.slot, status.error)
        } catch let error as RPCError {
            lastProblem.note(error)
            return nil
        } catch {
            return nil
        }
    }

    /// Listens for the node's notice, and looks whenever a notice may have been missed.
    private func listen(_ pubsub: PubSubClient) async -> Outcome? {
        do {
            return try await pubsub.withSignatureSubscription(pending.signature, commitment: policy.commitment) {
                events in
                for try await event in events {
                    if case .notification(let notification) = event {
                        guard case .processed(let error) = notification.value else { continue }
                        // The status knows the slot in which it landed; the notice only the slot of the commitment.
                        return await look() ?? .landed(slot: notification.slot ?? 0, error)
                    }
                    if event.requiresReconciliation, let outcome = await look() { return outcome }
                }
                return nil
            }
        } catch {
            // The node knows no such subscription, or the client does not run: the others go on.
            return nil
        }
    }

    /// Waits until the blockhash has expired, and looks a last time.
    private func watchBlockHeight() async -> Outcome? {
        // Below “confirmed”, block heights can fall again.
        let commitment = max(.confirmed, policy.commitment)
        while !Task.isCancelled {
            var interval = policy.pollInterval
            do {
                let info = try await rpc.getEpochInfo(commitment: commitment)
                if info.blockHeight > pending.lastValidBlockHeight {
                    return await lookALastTime(since: info.absoluteSlot)
                }
                // Half of the time that the remaining blocks will take, at 400 ms each.
                let remaining = min(pending.lastValidBlockHeight - info.blockHeight, 1_000) + 1
                let half = Duration.milliseconds(200) * Int(remaining)
                interval = max(policy.pollInterval, min(half, policy.maximumExpiryCheckInterval))
            } catch let error as RPCError {
                lastProblem.note(error)
            } catch {
                return nil
            }
            guard await pause(interval) else { return nil }
        }
        return nil
    }

    /// Looks, also in the history, until a node that has seen the expiry has twice found nothing.
    ///
    /// One answer is not enough: a pool's nodes differ in what they have seen, and “expired” permits a second signature.
    private func lookALastTime(since slot: UInt64) async -> Outcome? {
        var missing = 0
        var searchesHistory = true
        while !Task.isCancelled {
            do {
                let answer = try await rpc.getSignatureStatuses(
                    [pending.signature],
                    searchesHistory: searchesHistory
                )
                if let status = answer.value[0] {
                    if status.hasReached(policy.commitment) { return .landed(slot: status.slot, status.error) }
                    missing = 0
                } else if answer.slot >= slot {
                    missing += 1
                    if missing >= 2 { return .expired }
                }
            } catch let error as RPCError {
                lastProblem.note(error)
                // A node without history still knows the last few minutes.
                if error.code == .transactionHistoryNotAvailable { searchesHistory = false }
            } catch {
                return nil
            }
            guard await pause(policy.pollInterval) else { return nil }
        }
        return nil
    }

    private func waitForDeadline() async -> Outcome? {
        guard await pause(expiry - clock.now) else { return nil }
        return .undecided("no outcome within \(policy.deadline)" + lastProblem.suffix)
    }

    /// Waits; false if the task was cancelled.
    private func pause(_ duration: Duration) async -> Bool {
        (try? await clock.sleep(for: duration)) != nil
    }
}

/// The last thing that went wrong, for the error if nothing comes of it.
private final class ProblemNote: Sendable {
    private let mutex = Mutex<String?>(nil)

    func note(_ error: RPCError) {
        mutex.withLock { $0 = error.description }
    }

    func clear() {
        mutex.withLock { $0 = nil }
    }

    var text: String { mutex.withLock { $0 } ?? "no outcome" }

    var suffix: String { mutex.withLock { $0 }.map { "; \($0)" } ?? "" }
}
