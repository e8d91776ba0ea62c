import Synchronization

/// Ends a wait in which nothing happens any more.
///
/// The watched work reports each sign of life; when none comes for as long as it last allowed, the watch throws.
final class ProgressWatch: Sendable {
    /// Nothing happened in time.
    struct Stalled: Error, CustomStringConvertible {
        let waitedFor: String
        let limit: Duration
        var description: String { "no \(waitedFor) came within \(limit)" }
    }

    private struct State {
        var beats = 0
        var waitingFor: String
        var limit: Duration
        /// Woken when the limit changes, because a shorter one has to hold at once.
        var change: AsyncStream<Void>.Continuation?
    }

    private let state: Mutex<State>

    init(waitingFor first: String, within limit: Duration) {
        state = Mutex(State(waitingFor: first, limit: limit))
    }

    /// Reports a sign of life and says what is awaited next.
    func progress(nowWaitingFor next: String, within limit: Duration) {
        let change = state.withLock { state -> AsyncStream<Void>.Continuation? in
            defer {
                state.beats += 1
                state.waitingFor = next
                state.limit = limit
            }
            return state.limit == limit ? nil : state.change
        }
        change?.yield()
    }

    /// Runs `work` until it ends or stalls; then it is cancelled and ``Stalled`` is thrown.
    func run<Result: Sendable>(
        clock: some Clock<Duration> = ContinuousClock(),
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await work() }
            group.addTask { try await self.watch(clock: clock) }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw CancellationError() }
            return result
        }
    }

    private func watch<Never>(clock: some Clock<Duration>) async throws -> Never {
        while true {
            let (stream, change) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
            let before = state.withLock { state in
                state.change = change
                return state
            }
            let isOver = try await withThrowingTaskGroup(of: Bool.self) { group in
                group.addTask {
                    try await clock.sleep(for: before.limit)
                    return true
                }
                group.addTask {
                    for await _ in stream { return false }
                    return false
                }
                defer { group.cancelAll() }
                return try await group.next() ?? false
            }
            try Task.checkCancellation()
            let now = state.withLock { $0 }
            if isOver, now.beats == before.beats { throw Stalled(waitedFor: now.waitingFor, limit: now.limit) }
        }
    }
}
