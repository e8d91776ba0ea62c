/// Decides which connections may begin a handshake: bounds those under way, and the rate of each source.
///
/// A source that comes faster than its rate is slowed down, not turned away, as long as it has places left: several clients
/// may well share an address.
///
/// When all places are taken, the connection that has been there longest without proving anything makes room: a stranger
/// who opens connections and says nothing can't keep out those who shake hands.
package struct HandshakeGate: Sendable {
    /// Where a connection comes from, as far as rates are concerned.
    package enum Source: Hashable, Sendable {
        case ip4(UInt32)
        /// The first 64 bits: one customer has at least that many addresses.
        case ip6(UInt64)

        /// `nil` for sources without a rate: this machine, where a local proxy or onion service connects from.
        package init?(_ host: PeerHost) {
            switch host {
            case .ip4(let address):
                guard address.scope != .loopback else { return nil }
                self = .ip4(address.number)
            case .ip6(let address):
                if let mapped = address.embeddedInMapping {
                    self.init(.ip4(mapped))
                    return
                }
                guard address.scope != .loopback else { return nil }
                self = .ip6(address.groups[..<4].reduce(0) { $0 << 16 | UInt64($1) })
            case .dns: return nil
            }
        }
    }

    /// What a gate lets happen.
    enum Decision: Hashable, Sendable {
        case refused
        /// There is a place, which another connection has to give up if `evicting` names one; the handshake may begin
        /// after `wait`.
        case entered(place: UInt64, evicting: UInt64?, wait: Duration)
    }

    private struct Place: Sendable {
        var source: Source?
        /// Whether the connection has proved who it is, and stays.
        var isKept = false
    }

    private struct Bucket: Sendable {
        var tokens: Double
        var updated: Duration
    }

    /// The most sources that are remembered.
    static let sourceLimit = 16_384

    let halfOpenLimit: Int
    /// How many of them one source may have, so that nobody takes all places by connecting and saying nothing.
    let halfOpenPerSource: Int
    let burst: Int
    let perSecond: Double
    /// Connections that have not been admitted yet, by their place: the larger the number, the newer.
    private var places: [UInt64: Place] = [:]
    private var nextPlace: UInt64 = 0
    private var halfOpenBySource: [Source: Int] = [:]
    private var buckets: [Source: Bucket] = [:]

    init(halfOpenLimit: Int, halfOpenPerSource: Int, burst: Int, perSecond: Double) {
        self.halfOpenLimit = halfOpenLimit
        self.halfOpenPerSource = halfOpenPerSource
        self.burst = burst
        // What is owed has to be earned some day.
        self.perSecond = max(perSecond, 0.001)
    }

    /// How many connections have a place.
    var halfOpen: Int { places.count }
    /// How many sources are remembered.
    var sourceCount: Int { buckets.count }

    /// Asks for a place; whoever gets one gives it back with ``leave(_:)``.
    mutating func enter(_ source: Source?, now: Duration) -> Decision {
        var wait = Duration.zero
        if let source {
            guard halfOpenBySource[source, default: 0] < halfOpenPerSource, let pause = spend(source, now: now) else {
                return .refused
            }
            wait = pause
        }
        var evicted: UInt64?
        if places.count >= halfOpenLimit {
            guard let oldest = places.lazy.filter({ !$0.value.isKept }).map(\.key).min() else { return .refused }
            leave(oldest)
            evicted = oldest
        }
        if let source { halfOpenBySource[source, default: 0] += 1 }
        nextPlace += 1
        places[nextPlace] = Place(source: source)
        return .entered(place: nextPlace, evicting: evicted, wait: wait)
    }

    /// Notes that the connection has proved who it is: it is not evicted any more.
    mutating func keep(_ place: UInt64) { places[place]?.isKept = true }

    /// Gives a place back; does nothing when it has been given back or taken away.
    mutating func leave(_ place: UInt64) {
        guard let source = places.removeValue(forKey: place)?.source, let count = halfOpenBySource[source] else {
            return
        }
        halfOpenBySource[source] = count > 1 ? count - 1 : nil
    }

    /// Takes a token, on credit if need be: gives the time until it is earned, and `nil` when too much is owed.
    private mutating func spend(_ source: Source, now: Duration) -> Duration? {
        if buckets[source] == nil, buckets.count >= Self.sourceLimit {
            buckets = buckets.filter { refilled($0.value, now: now) < Double(burst) }
            // Even so too many: somebody has very many addresses, and remembering them helps nobody.
            if buckets.count >= Self.sourceLimit { buckets.removeAll() }
        }
        var bucket = buckets[source] ?? Bucket(tokens: Double(burst), updated: now)
        bucket.tokens = refilled(bucket, now: now)
        bucket.updated = now
        defer { buckets[source] = bucket }
        guard bucket.tokens - 1 >= -Double(halfOpenPerSource) else { return nil }
        bucket.tokens -= 1
        return .milliseconds(Int64(max(0, -bucket.tokens) / perSecond * 1_000))
    }

    private func refilled(_ bucket: Bucket, now: Duration) -> Double {
        min(Double(burst), bucket.tokens + max(0, (now - bucket.updated).inSeconds) * perSecond)
    }
}
