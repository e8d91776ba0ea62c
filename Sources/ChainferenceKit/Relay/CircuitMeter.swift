import PeerChannel

/// Whether a circuit may go on: its time, its bytes, its last sign of life.
struct CircuitMeter: Sendable {
    /// Why a circuit was closed by the relay.
    enum End: String, Hashable, Sendable {
        case duration
        case bytes
        case idle
        /// One side had finished and the other did not follow.
        case lingering
    }

    /// How long one side may go on after the other has finished.
    static let linger = Duration.seconds(10)

    private let limits: RelayLimits
    private let began: Duration
    private var lastByte: Duration
    private var halfClosed: Duration?
    private(set) var carried: UInt64 = 0

    init(limits: RelayLimits, now: Duration) {
        self.limits = limits
        began = now
        lastByte = now
    }

    /// Counts bytes that are about to be passed on.
    ///
    /// - Returns: Whether they may be.
    mutating func carry(_ count: Int, now: Duration) -> Bool {
        guard carried + UInt64(count) <= limits.circuitBytes else { return false }
        carried += UInt64(count)
        lastByte = now
        return true
    }

    /// Notes that one side will send no more.
    mutating func finishOneSide(now: Duration) { halfClosed = halfClosed ?? now }

    /// The next time at which the circuit ends by itself, and why.
    var deadline: (time: Duration, end: End) {
        var next = (time: began + limits.circuitDuration, end: End.duration)
        if lastByte + limits.circuitIdle < next.time { next = (lastByte + limits.circuitIdle, .idle) }
        if let halfClosed, halfClosed + Self.linger < next.time { next = (halfClosed + Self.linger, .lingering) }
        return next
    }
}
