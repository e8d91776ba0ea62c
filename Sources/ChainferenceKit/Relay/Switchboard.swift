import PeerChannel
import SodiumCrypto

/// Which servers are reachable, which circuits exist, and who may have more: the relay without its sockets.
struct Switchboard: Sendable {
    typealias Source = HandshakeGate.Source

    /// A server's connection.
    struct ControlID: Hashable, Sendable {
        let number: UInt64
    }

    /// A circuit, waiting or open: the hash of its token, so that looking one up tells nothing about tokens by its timing.
    struct CircuitID: Hashable, Sendable {
        private let hash: [UInt8]

        init(_ token: RelayToken) { hash = SHA256.hash(token.bytes) }
    }

    private struct Reservation: Sendable {
        var control: ControlID
        var source: Source?
        var expires: Duration
    }

    private struct Circuit: Sendable {
        var destination: RelayDestination
        var source: Source?
        var isOpen = false
    }

    /// The most servers that are remembered after they have left.
    static let memoryLimit = 16_384

    let limits: RelayLimits
    private var reservations: [RelayDestination: Reservation] = [:]
    private var reservationsBySource: [Source: Int] = [:]
    private var circuits: [CircuitID: Circuit] = [:]
    private var circuitsByServer: [RelayDestination: Int] = [:]
    private var circuitsBySource: [Source: Int] = [:]
    private var departed: [RelayDestination: Duration] = [:]

    init(limits: RelayLimits) { self.limits = limits }

    var reservationCount: Int { reservations.count }
    var circuitCount: Int { circuits.count }
    var openCircuitCount: Int { circuits.values.count { $0.isOpen } }
    var memoryCount: Int { departed.count }

    /// What a server that asks for so many seconds is granted.
    func terms(asked seconds: UInt32) -> RelayTerms {
        RelayTerms(
            seconds: min(max(seconds, 10), UInt32(clamping: limits.reservationDuration.components.seconds)),
            circuits: UInt16(clamping: limits.circuitsPerServer),
            limits: circuitLimits
        )
    }

    var circuitLimits: CircuitLimits {
        CircuitLimits(
            seconds: UInt32(clamping: limits.circuitDuration.components.seconds),
            bytes: limits.circuitBytes
        )
    }

    // MARK: Servers

    /// Makes a server reachable, or keeps it so.
    ///
    /// - Returns: The terms, and the server's older connection that this one replaces.
    mutating func reserve(
        _ destination: RelayDestination,
        seconds: UInt32,
        control: ControlID,
        source: Source?,
        now: Duration
    ) -> Result<(terms: RelayTerms, superseded: ControlID?), RelayRefusal> {
        let previous = reservations[destination]
        if previous == nil, reservations.count >= limits.reservations {
            return .failure(RelayRefusal(.relayFull, retryAfter: .seconds(60)))
        }
        if let source, previous?.source != source,
            reservationsBySource[source, default: 0] >= limits.reservationsPerSource
        {
            return .failure(RelayRefusal(.tooManyFromSource, retryAfter: .seconds(60)))
        }
        if let previous { remove(destination, previous) }
        let terms = terms(asked: seconds)
        reservations[destination] = Reservation(
            control: control,
            source: source,
            expires: now + .seconds(Int64(terms.seconds))
        )
        if let source { reservationsBySource[source, default: 0] += 1 }
        departed[destination] = nil
        return .success((terms, previous?.control == control ? nil : previous?.control))
    }

    /// When a server's reservation ends, if it holds one over this connection.
    func expiry(of destination: RelayDestination, control: ControlID) -> Duration? {
        guard let reservation = reservations[destination], reservation.control == control else { return nil }
        return reservation.expires
    }

    /// Ends a server's reservation, unless another connection has taken it over.
    mutating func release(_ destination: RelayDestination, control: ControlID, now: Duration) {
        guard let reservation = reservations[destination], reservation.control == control else { return }
        remove(destination, reservation)
        if departed.count >= Self.memoryLimit {
            departed = departed.filter { now < $0.value + limits.memoryOfServers }
            if departed.count >= Self.memoryLimit { departed.removeAll() }
        }
        departed[destination] = now
    }

    private mutating func remove(_ destination: RelayDestination, _ reservation: Reservation) {
        reservations[destination] = nil
        reservationsBySource.subtractOne(from: reservation.source)
    }

    // MARK: Circuits

    /// Books a circuit to a server.
    ///
    /// - Returns: The server's connection, over which it is to hear of the token.
    mutating func connect(
        to destination: RelayDestination,
        token: RelayToken,
        source: Source?,
        now: Duration
    ) -> Result<ControlID, RelayRefusal> {
        guard let reservation = reservations[destination], now < reservation.expires else {
            guard let left = departed[destination] ?? reservations[destination]?.expires,
                now < left + limits.memoryOfServers
            else { return .failure(RelayRefusal(.serverUnknown)) }
            return .failure(RelayRefusal(.serverOffline, retryAfter: .seconds(30)))
        }
        guard circuits.count < limits.circuits else {
            return .failure(RelayRefusal(.relayFull, retryAfter: .seconds(30)))
        }
        if let source, circuitsBySource[source, default: 0] >= limits.circuitsPerSource {
            return .failure(RelayRefusal(.tooManyFromSource, retryAfter: .seconds(30)))
        }
        guard circuitsByServer[destination, default: 0] < limits.circuitsPerServer else {
            return .failure(RelayRefusal(.serverBusy, retryAfter: .seconds(30)))
        }
        circuits[CircuitID(token)] = Circuit(destination: destination, source: source)
        circuitsByServer[destination, default: 0] += 1
        if let source { circuitsBySource[source, default: 0] += 1 }
        return .success(reservation.control)
    }

    /// Opens a circuit that waits; each token works once.
    mutating func accept(_ token: RelayToken) -> Bool {
        guard circuits[CircuitID(token)]?.isOpen == false else { return false }
        circuits[CircuitID(token)]?.isOpen = true
        return true
    }

    /// Whether a server may turn this circuit away: it waits, and for this server.
    func mayDecline(_ token: RelayToken, _ destination: RelayDestination) -> Bool {
        guard let circuit = circuits[CircuitID(token)] else { return false }
        return !circuit.isOpen && circuit.destination == destination
    }

    /// Ends a circuit, whether it was opened or not; doing so twice is harmless.
    mutating func end(_ token: RelayToken) {
        guard let circuit = circuits.removeValue(forKey: CircuitID(token)) else { return }
        circuitsByServer.subtractOne(from: circuit.destination)
        circuitsBySource.subtractOne(from: circuit.source)
    }
}

extension Dictionary where Value == Int {
    /// Takes one from a count, and the count away when it is none.
    fileprivate mutating func subtractOne(from key: Key?) {
        guard let key, let count = self[key] else { return }
        self[key] = count > 1 ? count - 1 : nil
    }
}
