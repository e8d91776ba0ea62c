import InferenceMarket
import SodiumCrypto

/// A provider's keys for the peer channel, and when they change.
///
/// The key that is published lives as long as the policy says, over restarts. When another takes its place it is accepted
/// for a while longer: locks name it, and clients have it in their lists of servers. A value without clocks or disks.
struct PeerKeyRing: Sendable {
    /// How long a key is accepted after another was published, in seconds: a lock lives an hour, and clients may connect
    /// with an address that they read before.
    static let graceSeconds: Int64 = 7_200

    /// The key that is published.
    private(set) var current: PeerKeyRecord

    /// The keys before it that are still accepted, newest first.
    private(set) var older: [PeerKeyRecord]

    /// Takes over what the store has; nil when it has no key to publish.
    init?(_ records: [PeerKeyRecord]) {
        guard let first = records.first, first.retiredAt == nil else { return nil }
        current = first
        older = Array(records.dropFirst())
    }

    /// Whether the published key is older than it may be.
    func isDue(at now: UnixTime, maximumAge: Duration) -> Bool {
        current.since.seconds(until: now) >= max(1, maximumAge.components.seconds)
    }

    /// Puts another key in the place of the published one.
    mutating func publish(_ record: PeerKeyRecord) {
        current.retiredAt = record.since
        older.insert(current, at: 0)
        current = record
    }

    /// Keys that were retired before this time are accepted no longer.
    static func oldestRetirement(at now: UnixTime) -> UnixTime { now.advanced(bySeconds: -graceSeconds) }

    /// Lets go of the keys that nobody can come with any more; says whether there were any.
    mutating func forget(at now: UnixTime) -> Bool {
        let count = older.count
        older.removeAll { ($0.retiredAt ?? now) < Self.oldestRetirement(at: now) }
        return older.count < count
    }

    /// The keys that are accepted beside `identity`, which the server holds anyway.
    func accepted(beside identity: X25519.PrivateKey) -> [X25519.PrivateKey] {
        ([current] + older).map(\.key).filter { $0.publicKey != identity.publicKey }
    }
}
