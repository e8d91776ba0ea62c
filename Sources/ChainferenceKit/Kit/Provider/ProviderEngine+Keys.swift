import InferenceMarket
import PeerChannel
import SodiumCrypto
import Synchronization

// The peer key outlives restarts, so that a provider which comes back finds clients that know it, and pays for no
// transaction that would say nothing new.

extension ProviderEngine {
    /// The keys that the store has, with a new one published if there is none or it is too old.
    ///
    /// A key is on disk before anybody hears of it.
    static func loadKeys(_ store: ProviderStore, now: UnixTime, maximumAge: Duration) async throws -> PeerKeyRing {
        try await store.forgetPeerKeys(retiredBefore: PeerKeyRing.oldestRetirement(at: now))
        if let ring = PeerKeyRing(try await store.peerKeys()), !ring.isDue(at: now, maximumAge: maximumAge) {
            return ring
        }
        try await store.publish(PeerKeyRecord(key: X25519.PrivateKey(), since: now))
        guard let ring = PeerKeyRing(try await store.peerKeys()) else {
            throw StoreError.corrupt(table: "peer_key", column: "retired_at")
        }
        return ring
    }

    /// Publishes another key when the present one has grown old, and lets go of those that nobody can come with any more.
    ///
    /// Behind a relay only a start changes the key, because the relay's reservation is held under it.
    func renewKeys() async throws {
        // Reconciling may happen twice at a time; two that renew would publish over each other.
        let isFirst = state.withLock { state in
            defer { state.isRenewingKeys = true }
            return !state.isRenewingKeys
        }
        guard isFirst else { return }
        defer { state.withLock { $0.isRenewingKeys = false } }
        let now = time.now
        if keys.withLock({ $0.forget(at: now) }) {
            try await store.forgetPeerKeys(retiredBefore: PeerKeyRing.oldestRetirement(at: now))
            acceptKeys()
        }
        let maximumAge = configuration.peerKeyAge
        if configuration.relay == nil, !isDraining, keys.withLock({ $0.isDue(at: now, maximumAge: maximumAge) }) {
            let record = PeerKeyRecord(key: X25519.PrivateKey(), since: now)
            try await store.publish(record)
            keys.withLock { $0.publish(record) }
            // Accepted before it is published.
            acceptKeys()
            try announce(port: state.withLock { $0.port })
        }
        guard state.withLock({ $0.addressIsStale }) else { return }
        let address = peerAddress
        if let account = try await chain.server(of: wallet.address)?.account {
            let changes = addressChange(over: account, peerAddress: address).map { $0.instruction(in: market) }
            try await sendInBatches(changes)
        }
        state.withLock { $0.addressIsStale = false }
    }

    private func acceptKeys() {
        let identity = identity
        let accepted = keys.withLock { $0.accepted(beside: identity) }
        state.withLock { $0.peerServer }?.accept(olderIdentities: accepted)
    }
}
