import Synchronization

/// Ends a run whose engine says nothing for too long.
final class SilenceWatch: Sendable {
    private struct State {
        /// Since when the engine is awaited; nil while it is not its turn.
        var waiting: (phase: InferenceError.Phase, since: ContinuousClock.Instant)?
    }

    private let limits: ProcessBackend.Limits
    private let clock = ContinuousClock()
    private let started: ContinuousClock.Instant
    private let state: Mutex<State>

    /// Begins with the wait for the first token.
    init(_ limits: ProcessBackend.Limits) {
        self.limits = limits
        started = clock.now
        state = Mutex(State(waiting: (.firstToken, clock.now)))
    }

    /// The engine is awaited from now on.
    func begin(_ phase: InferenceError.Phase) { state.withLock { $0.waiting = (phase, clock.now) } }

    /// The engine is not awaited: the reader of the answer is.
    func pause() { state.withLock { $0.waiting = nil } }

    /// Throws ``InferenceError/timedOut(_:limit:)`` when a limit has passed; never returns otherwise.
    func run() async throws {
        let end = started + limits.wholeAnswer
        while true {
            let waiting = state.withLock { $0.waiting }
            var wake = end
            var due = (phase: InferenceError.Phase.wholeAnswer, limit: limits.wholeAnswer)
            if let waiting, waiting.since + limit(of: waiting.phase) < end {
                wake = waiting.since + limit(of: waiting.phase)
                due = (waiting.phase, limit(of: waiting.phase))
            } else if waiting == nil {
                // The next wait begins at a moment that is not known yet; it can't end before this.
                wake = min(end, clock.now + limits.nextToken)
            }
            if clock.now >= wake, waiting != nil || wake == end {
                throw InferenceError.timedOut(due.phase, limit: due.limit)
            }
            try await clock.sleep(until: wake)
        }
    }

    private func limit(of phase: InferenceError.Phase) -> Duration {
        switch phase {
        case .firstToken: limits.firstToken
        case .nextToken: limits.nextToken
        case .wholeAnswer: limits.wholeAnswer
        }
    }
}
