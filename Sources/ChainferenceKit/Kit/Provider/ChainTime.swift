import InferenceMarket
import Synchronization

/// The cluster's time between two looks at it: the last one seen, and what a steady clock has counted since.
///
/// Deadlines are judged by the cluster's clock, which may be seconds away from this machine's.
final class ChainTime: Sendable {
    private struct Anchor: Sendable {
        var time: UnixTime
        var elapsed: Duration
    }

    private let elapsed: @Sendable () -> Duration
    private let sleepUntil: @Sendable (Duration) async throws -> Void
    private let anchor: Mutex<Anchor>

    /// Begins at a time that was read from the cluster just now.
    init<C: Clock<Duration>>(clock: C, now: UnixTime) {
        let origin = clock.now
        elapsed = { origin.duration(to: clock.now) }
        sleepUntil = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
        anchor = Mutex(Anchor(time: now, elapsed: .zero))
    }

    /// Takes over a time that was read from the cluster just now.
    func observe(_ time: UnixTime) {
        let elapsed = elapsed()
        anchor.withLock { $0 = Anchor(time: time, elapsed: elapsed) }
    }

    /// The cluster's time now, as far as is known.
    var now: UnixTime {
        let elapsed = elapsed()
        return anchor.withLock { $0.time.advanced(bySeconds: (elapsed - $0.elapsed).components.seconds) }
    }

    /// What the steady clock has counted since the beginning.
    var uptime: Duration { elapsed() }

    /// Waits; ends early only by cancellation.
    func sleep(for duration: Duration) async throws {
        try await sleepUntil(elapsed() + duration)
    }
}
