import Synchronization

/// A model that serves many answers at a time as real engines do: in steps, each of which gives a token to every answer.
///
/// One clock drives all of them, so that what is measured is the channel and not thousands of timers. The answers' steps
/// are spread over the time of a token.
final class Engine: Sendable {
    /// The time between two tokens of an answer: 30 a second.
    static let slots = 33
    private static let slotTime = Duration.milliseconds(1)

    private struct State {
        var slots = [[Int: AsyncStream<Void>.Continuation]](repeating: [:], count: Engine.slots)
        var nextAnswer = 0
    }

    private let state = Mutex(State())

    /// The steps of one answer.
    func steps() -> AsyncStream<Void> {
        let (stream, continuation) = AsyncStream.makeStream(of: Void.self)
        let id = state.withLock { state in
            state.nextAnswer += 1
            state.slots[state.nextAnswer % Self.slots][state.nextAnswer] = continuation
            return state.nextAnswer
        }
        continuation.onTermination = { [self] _ in
            state.withLock { _ = $0.slots[id % Self.slots].removeValue(forKey: id) }
        }
        return stream
    }

    /// Makes the steps until the task is cancelled.
    func run() async throws {
        var next = ContinuousClock.now
        var slot = 0
        while true {
            try await Task.sleep(until: next)
            for continuation in state.withLock({ Array($0.slots[slot].values) }) { continuation.yield() }
            slot = (slot + 1) % Self.slots
            next += Self.slotTime
        }
    }
}
