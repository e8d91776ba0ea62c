/// What happens to a subscription.
public enum SubscriptionEvent<Value: Sendable>: Sendable {
    /// Notifications arrive from now on. What happened before, or between two of these, was not and will not be told:
    /// read the state now, and apply the notifications to it.
    case active
    /// News.
    case notification(Notification<Value>)
    /// Nothing arrives until the next `active`: the connection is lost, or could not be made so far.
    ///
    /// The client goes on trying, at further nodes too if it was given any, with growing pauses. Told once until then,
    /// with the reason of that moment, which names the node's or proxy's answer; whoever cannot wait asks over RPC, and
    /// whoever knows better gives up by leaving the scope.
    case interrupted(reason: String)
    /// The subscriber was too slow: so many notifications were dropped. Read the state again.
    case overflowed(dropped: Int)
}

extension SubscriptionEvent {
    /// Whether the state has to be read, because something may have been missed.
    public var requiresReconciliation: Bool {
        switch self {
        case .active, .overflowed: true
        case .notification, .interrupted: false
        }
    }

    /// The news, if this is a notification.
    public var value: Value? {
        guard case .notification(let notification) = self else { return nil }
        return notification.value
    }
}

extension SubscriptionEvent: Equatable where Value: Equatable {}

/// One piece of news.
public struct Notification<Value: Sendable>: Sendable {
    /// The slot that it describes; nil for news that have none.
    public let slot: UInt64?
    /// What is new.
    public let value: Value

    /// Makes a notification, for tests.
    public init(slot: UInt64?, value: Value) {
        self.slot = slot
        self.value = value
    }
}

extension Notification: Equatable where Value: Equatable {}

/// The events of one subscription, for one task to iterate over.
///
/// Ends when the node has said all there is (``PubSubClient/withSignatureSubscription(_:commitment:_:)``); throws
/// ``PubSubError`` when the node refuses the subscription or the client stops.
public struct Subscription<Value: Sendable>: AsyncSequence, Sendable {
    /// An event.
    public typealias Element = SubscriptionEvent<Value>

    let mailbox: Mailbox
    let decode: @Sendable ([UInt8]) throws(MalformedJSON) -> Value

    /// Iterates over the events.
    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let subscription: Subscription<Value>

        /// The next event, or nil after the last one.
        ///
        /// - Throws: ``PubSubError``, `CancellationError`.
        public mutating func next() async throws -> SubscriptionEvent<Value>? {
            guard let delivery = try await subscription.mailbox.next() else { return nil }
            switch delivery {
            case .overflowed(let dropped): return .overflowed(dropped: dropped)
            case .event(.active): return .active
            case .event(.interrupted(let reason)): return .interrupted(reason: reason)
            case .event(.notification(let slot, let text)):
                do {
                    return .notification(Notification(slot: slot, value: try subscription.decode(text)))
                } catch {
                    throw PubSubError.malformedNotification(error.reason, excerpt: error.excerpt)
                }
            }
        }
    }

    /// Begins to iterate; all iterators of a subscription share its events.
    public func makeAsyncIterator() -> AsyncIterator {
        AsyncIterator(subscription: self)
    }
}
