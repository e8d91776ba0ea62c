import Synchronization

/// Keeps events in order, and lets a test wait for one instead of sleeping.
///
/// ```swift
/// let events = EventLog<ClientEvent>()
/// try await client.withSession(model, budget: 1_000_000, onEvent: { events.append($0) }) { try await $0.ask(prompt) }
/// let lock = try await events.first("lock") { if case .locked(let lock) = $0 { lock } else { nil } }
/// ```
public final class EventLog<Event: Sendable>: Sendable {
    /// The event did not come in time.
    public struct Missing: Error, CustomStringConvertible {
        /// What was awaited.
        public let what: String
        /// What came instead, in order.
        public let events: [String]
        /// What was awaited, and what came instead.
        public var description: String { "no \(what); there were:\n" + events.joined(separator: "\n") }
    }

    private struct Waiter: Sendable {
        let id: Int
        let matches: @Sendable (Event) -> Bool
        let continuation: CheckedContinuation<Event?, Never>
    }

    private struct State: Sendable {
        var events: [Event] = []
        var waiters: [Waiter] = []
        var nextID = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    /// Begins empty.
    public init() {}

    /// What has happened so far, in order.
    public var events: [Event] { state.withLock { $0.events } }

    /// Adds an event and wakes whoever waits for it.
    public func append(_ event: Event) {
        let ready = state.withLock { state in
            state.events.append(event)
            let ready = state.waiters.filter { $0.matches(event) }
            state.waiters.removeAll { $0.matches(event) }
            return ready
        }
        for waiter in ready { waiter.continuation.resume(returning: event) }
    }

    /// The first event that `pick` makes something of, there already or still to come.
    ///
    /// - Parameters:
    ///   - what: Says in the error what was awaited.
    ///   - limit: How long to wait.
    ///   - pick: Makes a result of the event that is meant; nil for every other.
    /// - Returns: What `pick` made.
    /// - Throws: ``Missing`` when the event does not come within the limit.
    public func first<Result: Sendable>(
        _ what: String,
        within limit: Duration = .seconds(30),
        _ pick: @escaping @Sendable (Event) -> Result?
    ) async throws -> Result {
        let event = try await withThrowingTaskGroup(of: Event?.self) { group in
            group.addTask { await self.next { pick($0) != nil } }
            group.addTask {
                try await Task.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        guard let result = event.flatMap(pick) else { throw Missing(what: what, events: events.map { "\($0)" }) }
        return result
    }

    private func next(_ matches: @escaping @Sendable (Event) -> Bool) async -> Event? {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now: Event?? = state.withLock { state in
                    if let event = state.events.first(where: matches) { return .some(event) }
                    if state.cancelled.contains(id) { return .some(nil) }
                    state.waiters.append(Waiter(id: id, matches: matches, continuation: continuation))
                    return .none
                }
                if let now { continuation.resume(returning: now) }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.cancelled.insert(id)
                let waiter = state.waiters.first { $0.id == id }
                state.waiters.removeAll { $0.id == id }
                return waiter
            }
            waiter?.continuation.resume(returning: nil)
        }
    }
}
