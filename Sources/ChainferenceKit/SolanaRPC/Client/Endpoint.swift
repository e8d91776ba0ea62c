import Synchronization

/// One node, and what is known about how it wants to be asked.
final class Endpoint: Sendable {
    let address: String
    let transport: any RPCTransport
    let limit: ConcurrencyLimit
    private let rateLimit: RateLimit?
    private let state = Mutex(State())

    private struct State {
        /// The node asked not to be called before then.
        var pausedUntil: Duration = .zero
        /// The node failed; others are preferred until then.
        var avoidedUntil: Duration = .zero
        var consecutiveFailures = 0
        var all = TokenBucket()
        var perMethod: [String: TokenBucket] = [:]
    }

    init(address: String, transport: any RPCTransport, concurrentCalls: Int, rateLimit: RateLimit?) {
        self.address = address
        self.transport = transport
        self.rateLimit = rateLimit
        limit = ConcurrencyLimit(concurrentCalls)
    }

    /// How long a call of `method` has to wait; zero admits it and counts it.
    func admit(_ method: String, now: Duration) -> Duration {
        state.withLock { state in
            if state.pausedUntil > now { return state.pausedUntil - now }
            guard let rateLimit else { return .zero }
            let total = state.all.wait(now: now, capacity: rateLimit.requests, window: rateLimit.window)
            let own = state.perMethod[method, default: TokenBucket()]
                .wait(now: now, capacity: rateLimit.requestsPerMethod, window: rateLimit.window)
            let wait = max(total, own)
            if wait == .zero {
                state.all.take()
                state.perMethod[method]?.take()
            }
            return wait
        }
    }

    /// Keeps all calls away from the node until then.
    func pause(until instant: Duration) {
        state.withLock { $0.pausedUntil = max($0.pausedUntil, instant) }
    }

    /// Notes that the node answered properly.
    func succeeded() {
        state.withLock { state in
            state.consecutiveFailures = 0
            state.avoidedUntil = .zero
        }
    }

    /// Notes that the node failed; others are preferred for a while that grows with the number of failures.
    func failed(now: Duration) {
        state.withLock { state in
            state.consecutiveFailures = min(state.consecutiveFailures + 1, 6)
            state.avoidedUntil = now + .seconds(1 << (state.consecutiveFailures - 1))
        }
    }

    /// When the node can be called again as far as is known; smaller is better.
    func availableAt() -> Duration {
        state.withLock { max($0.pausedUntil, $0.avoidedUntil) }
    }
}

/// Permits a number of calls per window, refilled evenly.
struct TokenBucket {
    private var tokens: Double?
    private var refilledAt: Duration = .zero

    /// Refills, and says how long until there is a token; zero means that there is one.
    mutating func wait(now: Duration, capacity: Int, window: Duration) -> Duration {
        let perSecond = Double(capacity) / window.inSeconds
        let elapsed = max(.zero, now - refilledAt).inSeconds
        let available = min(Double(capacity), (tokens ?? Double(capacity)) + elapsed * perSecond)
        tokens = available
        refilledAt = now
        // One part in a million forgives what rounding takes away over the wait.
        return available >= 1 - 1e-6 ? .zero : .seconds((1 - available) / perSecond)
    }

    /// Takes the token that `wait` found.
    mutating func take() {
        tokens = (tokens ?? 1) - 1
    }
}
