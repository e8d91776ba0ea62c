/// A clock that only counts forwards, with its type erased, so that tests can put their own in place of the real one.
///
/// Instants are durations since an origin of the clock's choice; only differences mean anything.
public struct MonotonicClock: Sendable {
    private let readNow: @Sendable () -> Duration
    private let sleepFor: @Sendable (Duration) async throws -> Void

    /// Erases a clock of the standard library or of a test.
    public init<C: Clock>(_ clock: C) where C.Duration == Duration {
        let origin = clock.now
        readNow = { origin.duration(to: clock.now) }
        sleepFor = { try await clock.sleep(for: $0) }
    }

    /// Makes a clock from its two operations.
    ///
    /// - Parameters:
    ///   - now: the time since an arbitrary fixed origin; it never decreases.
    ///   - sleep: returns when that much time has passed; throws `CancellationError` when the task is cancelled.
    public init(
        now: @escaping @Sendable () -> Duration,
        sleep: @escaping @Sendable (Duration) async throws -> Void
    ) {
        readNow = now
        sleepFor = sleep
    }

    /// The time since the clock's origin.
    public var now: Duration { readNow() }

    /// Waits for that much time; a zero or negative duration returns at once.
    ///
    /// - Throws: `CancellationError` when the task is cancelled.
    public func sleep(for duration: Duration) async throws {
        guard duration > .zero else {
            try Task.checkCancellation()
            return
        }
        try await sleepFor(duration)
    }

    /// The machine's continuous clock, which also advances while the machine sleeps.
    public static var continuous: Self { Self(ContinuousClock()) }
}

/// What calls need from the machine besides a network: a clock and randomness.
///
/// Tests inject both.
public struct RPCEnvironment: Sendable {
    /// The clock that deadlines, back-off and polling are counted on.
    public var clock: MonotonicClock
    /// Uniform numbers in `0 ..< 1`, which jitter is made of.
    ///
    /// They need not be unpredictable.
    public var random: @Sendable () -> Double

    /// Makes an environment; by default the machine's clock and generator.
    public init(
        clock: MonotonicClock = .continuous,
        random: @escaping @Sendable () -> Double = { Double.random(in: 0..<1) }
    ) {
        self.clock = clock
        self.random = random
    }
}

/// Runs `body`, and cancels it when the time is over.
///
/// - Throws: what `body` throws; what `expired` makes when the time is over first; `CancellationError`.
func withDeadline<Value: Sendable>(
    _ limit: Duration,
    clock: MonotonicClock,
    expired: @Sendable () -> any Error,
    body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value?.self) { group in
        defer { group.cancelAll() }
        group.addTask { try await body() }
        group.addTask {
            try await clock.sleep(for: limit)
            return nil
        }
        guard let first = try await group.next(), let value = first else { throw expired() }
        return value
    }
}

extension Duration {
    /// The duration in seconds, rounded to what a `Double` holds.
    var inSeconds: Double {
        let (seconds, attoseconds) = components
        return Double(seconds) + Double(attoseconds) * 1e-18
    }
}
