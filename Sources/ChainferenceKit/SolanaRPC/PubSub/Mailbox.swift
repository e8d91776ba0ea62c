import Synchronization

/// What waits for one subscriber: bounded, and open about what had to give way.
///
/// Any task puts events in; one task at a time takes them out.
final class Mailbox: Sendable {
    /// What a subscriber takes out.
    enum Delivery: Sendable {
        case event(PubSubMachine.Event)
        case overflowed(dropped: Int)
    }

    fileprivate struct State {
        var events: [PubSubMachine.Event] = []
        /// Where the events that have not been taken begin; what is before is removed now and then.
        var head = 0
        var bytes = 0
        var dropped = 0
        var end: Result<Void, PubSubError>?
        var waiter: CheckedContinuation<Delivery?, any Error>?

        var count: Int { events.count - head }
    }

    private let maximumEvents: Int
    private let maximumBytes: Int
    private let state = Mutex(State())

    init(maximumEvents: Int, maximumBytes: Int) {
        self.maximumEvents = max(1, maximumEvents)
        self.maximumBytes = max(1, maximumBytes)
    }

    /// Puts an event in; the oldest notifications give way when there are too many.
    func put(_ event: PubSubMachine.Event) {
        let waiter = state.withLock { state -> CheckedContinuation<Delivery?, any Error>? in
            guard state.end == nil else { return nil }
            if let waiter = state.waiter {
                state.waiter = nil
                return waiter
            }
            state.append(event, maximumEvents: maximumEvents, maximumBytes: maximumBytes)
            return nil
        }
        waiter?.resume(returning: .event(event))
    }

    /// Nothing more comes; what is there can still be taken.
    func finish(_ error: PubSubError?) {
        let waiter = state.withLock { state -> CheckedContinuation<Delivery?, any Error>? in
            guard state.end == nil else { return nil }
            state.end = error.map { .failure($0) } ?? .success(())
            defer { state.waiter = nil }
            return state.waiter
        }
        if let error { waiter?.resume(throwing: error) } else { waiter?.resume(returning: nil) }
    }

    /// Takes the next event if there is one already.
    func takeNow() -> Delivery? {
        state.withLock { $0.take() }
    }

    /// Waits for the next event; nil when there will be none.
    func next() async throws -> Delivery? {
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let outcome = state.withLock { state -> Result<Delivery?, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if let delivery = state.take() { return .success(delivery) }
                    switch state.end {
                    case .success?: return .success(nil)
                    case .failure(let error)?: return .failure(error)
                    case nil: break
                    }
                    if state.waiter != nil { return .failure(PubSubError.concurrentIteration) }
                    state.waiter = continuation
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            let waiter = state.withLock { state -> CheckedContinuation<Delivery?, any Error>? in
                defer { state.waiter = nil }
                return state.waiter
            }
            waiter?.resume(throwing: CancellationError())
        }
    }
}

extension Mailbox.State {
    fileprivate mutating func append(_ event: PubSubMachine.Event, maximumEvents: Int, maximumBytes: Int) {
        switch event {
        case .active, .interrupted:
            // The newest of them says it all; a subscriber that sleeps through a hundred reconnections sees one.
            let kept = events[head...].filter { $0.isNotification }
            events = kept
            head = 0
        case .notification(_, let text):
            bytes += text.count
        }
        events.append(event)
        while count > maximumEvents || bytes > maximumBytes, let oldest = oldestNotification() {
            if case .notification(_, let text) = events.remove(at: oldest) {
                bytes -= text.count
                dropped += 1
            }
        }
    }

    fileprivate mutating func take() -> Mailbox.Delivery? {
        if dropped > 0 {
            defer { dropped = 0 }
            return .overflowed(dropped: dropped)
        }
        guard head < events.count else { return nil }
        let event = events[head]
        head += 1
        if head >= 64, head * 2 >= events.count {
            events.removeFirst(head)
            head = 0
        }
        if case .notification(_, let text) = event { bytes -= text.count }
        return .event(event)
    }

    private func oldestNotification() -> Int? {
        events[head...].firstIndex { $0.isNotification }
    }
}

extension PubSubMachine.Event {
    fileprivate var isNotification: Bool {
        if case .notification = self { true } else { false }
    }
}
