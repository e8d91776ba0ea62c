/// A clock as the sessions use it: durations since an arbitrary beginning.
package struct SessionClock: Sendable {
    /// The time now.
    package let now: @Sendable () -> Duration
    /// Sleeps until a time of ``now``; throws when the task is cancelled.
    package let sleep: @Sendable (_ until: Duration) async throws -> Void

    package init<C: Clock<Duration>>(_ clock: C) {
        let origin = clock.now
        now = { origin.duration(to: clock.now) }
        sleep = { try await clock.sleep(until: origin.advanced(by: $0), tolerance: nil) }
    }
}
