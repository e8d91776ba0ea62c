public import Solana
import Synchronization

extension RPCClient {
    /// Waits until an account is as wanted: a subscription, if there is one, races against polling.
    ///
    /// ```swift
    /// let lock = try await rpc.waitForAccount(request, pubsub: pubsub, deadline: .seconds(30)) { account in
    ///     account.value.flatMap { try? Lock(decoding: $0.data) }
    /// }
    /// ```
    ///
    /// The account is read at once, whenever the subscription may have missed something, and at intervals, because a
    /// subscription alone may be silent without being broken. States are judged in the order of their slots and never one
    /// that is older than one that was judged. Failures that pass are outlasted until the deadline.
    ///
    /// - Parameters:
    ///   - address: where the account is, or will be.
    ///   - pubsub: a running client, whose notices bring the news sooner; nil to poll alone.
    ///   - commitment: nil for the client's.
    ///   - pollInterval: how often to read the account; nil for 50 ms on this machine, elsewhere one second, or five beside a
    ///     subscription.
    ///   - deadline: how long to wait; nil for as long as the task lives.
    ///   - accept: makes the result of a state (nil for an account that does not exist), or nil to go on waiting; what it
    ///     throws ends the waiting.
    /// - Returns: what `accept` made, or nil when the time was over.
    /// - Throws: what `accept` throws; ``RPCError`` for a failure that waiting can't mend; `CancellationError`.
    public func waitForAccount<Value: Sendable>(
        _ address: Address,
        pubsub: PubSubClient? = nil,
        commitment: Commitment? = nil,
        pollInterval: Duration? = nil,
        deadline: Duration? = nil,
        until accept: @escaping @Sendable (Contextual<AccountInfo?>) throws -> Value?
    ) async throws -> Value? {
        let commitment = commitment ?? self.commitment
        let clock = environment.clock
        let elsewhere: Duration = pubsub == nil ? .seconds(1) : .seconds(5)
        let interval = pollInterval ?? (cluster.isLoopback ? .milliseconds(50) : elsewhere)
        let judge = AccountJudge(accept)
        let look: @Sendable () async throws -> Value? = { [self] in
            do {
                return try judge.judge(try await getAccountInfo(address, commitment: commitment))
            } catch let error as RPCError where error.reason.mayPass {
                return nil
            }
        }
        return try await withThrowingTaskGroup(of: AccountWaitEnd<Value>.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                while true {
                    if let value = try await look() { return .found(value) }
                    try await clock.sleep(for: interval)
                }
            }
            if let pubsub {
                group.addTask {
                    let listened = try await Self.listen(pubsub, address, commitment, judge, look)
                    return listened.map { .found($0) } ?? .gaveUp
                }
            }
            if let deadline {
                group.addTask {
                    try await clock.sleep(for: deadline)
                    return .timeIsOver
                }
            }
            while let end = try await group.next() {
                switch end {
                case .found(let value): return value
                case .timeIsOver: return nil
                case .gaveUp: continue
                }
            }
            return nil
        }
    }

    /// Listens for changes; nil when there is nothing more to hear, so that polling goes on alone.
    private static func listen<Value: Sendable>(
        _ pubsub: PubSubClient,
        _ address: Address,
        _ commitment: Commitment,
        _ judge: AccountJudge<Value>,
        _ look: @Sendable () async throws -> Value?
    ) async throws -> Value? {
        do {
            return try await pubsub.withAccountSubscription(address, commitment: commitment) { events in
                for try await event in events {
                    if case .notification(let notification) = event {
                        // A closed account is told as one without money.
                        let account = notification.value.lamports == .zero ? nil : notification.value
                        let state = Contextual<AccountInfo?>(slot: notification.slot ?? 0, value: account)
                        if let value = try judge.judge(state) { return value }
                    } else if event.requiresReconciliation, let value = try await look() {
                        return value
                    }
                }
                return nil
            }
        } catch is PubSubError {
            return nil
        }
    }
}

private enum AccountWaitEnd<Value: Sendable>: Sendable {
    case found(Value)
    case gaveUp
    case timeIsOver
}

/// Judges states in the order of their slots.
private final class AccountJudge<Value: Sendable>: Sendable {
    private let accept: @Sendable (Contextual<AccountInfo?>) throws -> Value?
    private let newest = Mutex<UInt64>(0)

    init(_ accept: @escaping @Sendable (Contextual<AccountInfo?>) throws -> Value?) {
        self.accept = accept
    }

    func judge(_ state: Contextual<AccountInfo?>) throws -> Value? {
        let isNew = newest.withLock { newest in
            guard state.slot >= newest else { return false }
            newest = state.slot
            return true
        }
        return isNew ? try accept(state) : nil
    }
}

extension RPCError.Reason {
    /// Whether trying again later can help.
    fileprivate var mayPass: Bool {
        if case .deadlineExceeded = self { true } else { isTransient }
    }
}
