/// How much a relay does, for everybody and for each.
///
/// A *source* is an IPv4 address or an IPv6 /64. This machine is no source: local proxies and onion services connect from it.
public struct RelayLimits: Hashable, Sendable {
    /// The most servers that are reachable through the relay at a time.
    public var reservations = 1_024
    /// The most of them from one source.
    public var reservationsPerSource = 16
    /// The longest time after which a server must refresh its reservation.
    public var reservationDuration: Duration = .seconds(1_800)
    /// The most circuits at a time; each takes two connections.
    public var circuits = 4_096
    /// The most circuits of one server, those included that it has not taken up yet.
    public var circuitsPerServer = 256
    /// The most circuits of one client's source.
    public var circuitsPerSource = 32
    /// How long a circuit may last: a little more than the longest session.
    public var circuitDuration: Duration = .seconds(3_900)
    /// How many bytes a circuit may carry, both directions together.
    public var circuitBytes: UInt64 = 1 << 30
    /// After how long without a byte a circuit is closed.
    public var circuitIdle: Duration = .seconds(120)
    /// How long a server has to take up a client.
    public var answerTime: Duration = .seconds(8)
    /// How long a handshake and the first message may take.
    public var handshakeTime: Duration = .seconds(10)
    /// The most connections that have not said yet what they want; the oldest makes room for a newer one.
    public var halfOpen = 256
    /// The most of them from one source.
    public var halfOpenPerSource = 16
    /// How many connections one source may open at once; more wait for their turn.
    public var connectionBurst = 5
    /// How many connections a second one source may open in the long run.
    public var connectionsPerSecond = 20.0
    /// After how much silence a server's connection is taken for dead; servers give a sign of life every 15 s.
    public var silence: Duration = .seconds(45)
    /// For how long a server that has left is called offline rather than unknown.
    public var memoryOfServers: Duration = .seconds(86_400)

    /// The defaults, which suit a small machine.
    public init() {}
}
