/// The time of a ``VirtualTime`` as a clock of the standard library's kind.
package struct VirtualClock: Clock {
    /// A moment, as the time since an arbitrary beginning.
    package struct Instant: InstantProtocol {
        package var offset: Duration

        package func advanced(by duration: Duration) -> Instant { Instant(offset: offset + duration) }
        package func duration(to other: Instant) -> Duration { other.offset - offset }
        package static func < (lhs: Instant, rhs: Instant) -> Bool { lhs.offset < rhs.offset }
    }

    fileprivate let machine: VirtualTime

    package var now: Instant { Instant(offset: machine.now) }
    package var minimumResolution: Duration { .nanoseconds(1) }

    package func sleep(until deadline: Instant, tolerance: Duration?) async throws {
        try await machine.sleep(for: max(.zero, now.duration(to: deadline)))
    }
}

extension VirtualTime {
    /// The machine's clock, for code that takes one.
    package var clock: VirtualClock { VirtualClock(machine: self) }
}
