/// Decides which connections may begin a handshake: bounds those under way, and the rate of each source.
struct HandshakeGate: Sendable {
    /// Where a connection comes from, as far as rates are concerned.
    enum Source: Hashable, Sendable {
        case ip4(UInt32)
        /// The first 64 bits: one customer has at least that many addresses.
        case ip6(UInt64)

        /// `nil` for sources without a rate: this machine, where a local proxy or onion service connects from.
        init?(_ host: PeerHost) {
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
    /// Connections that have not been admitted yet.
    private(set) var halfOpen = 0
    private var halfOpenBySource: [Source: Int] = [:]
    private var buckets: [Source: Bucket] = [:]

    init(halfOpenLimit: Int, halfOpenPerSource: Int, burst: Int, perSecond: Double) {
        self.halfOpenLimit = halfOpenLimit
        self.halfOpenPerSource = halfOpenPerSource
        self.burst = burst
        self.perSecond = perSecond
    }

    /// How many sources are remembered.
    var sourceCount: Int { buckets.count }

    /// Asks for a place; whoever gets one gives it back with ``leave(_:)``.
    mutating func enter(_ source: Source?, now: Duration) -> Bool {
        guard halfOpen < halfOpenLimit else { return false }
        if let source {
            guard halfOpenBySource[source, default: 0] < halfOpenPerSource, spend(source, now: now) else {
                return false
            }
            halfOpenBySource[source, default: 0] += 1
        }
        halfOpen += 1
        return true
    }

    /// Gives a place back.
    mutating func leave(_ source: Source?) {
        halfOpen -= 1
        guard let source, let count = halfOpenBySource[source] else { return }
        halfOpenBySource[source] = count > 1 ? count - 1 : nil
    }

    private mutating func spend(_ source: Source, now: Duration) -> Bool {
        if buckets[source] == nil, buckets.count >= Self.sourceLimit {
            buckets = buckets.filter { refilled($0.value, now: now) < Double(burst) }
            // Even so too many: somebody has very many addresses, and remembering them helps nobody.
            if buckets.count >= Self.sourceLimit { buckets.removeAll() }
        }
        var bucket = buckets[source] ?? Bucket(tokens: Double(burst), updated: now)
        bucket.tokens = refilled(bucket, now: now)
        bucket.updated = now
        defer { buckets[source] = bucket }
        guard bucket.tokens >= 1 else { return false }
        bucket.tokens -= 1
        return true
    }

    private func refilled(_ bucket: Bucket, now: Duration) -> Double {
        min(Double(burst), bucket.tokens + max(0, (now - bucket.updated).inSeconds) * perSecond)
    }
}
