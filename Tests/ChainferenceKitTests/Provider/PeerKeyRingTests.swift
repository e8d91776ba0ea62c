import GRDB
import InferenceMarket
import SodiumCrypto
import Testing

@testable import ChainferenceKit

@Suite("How long peer keys live")
struct PeerKeyRingTests {
    private func record(_ since: Int64, retiredAt: Int64? = nil) -> PeerKeyRecord {
        PeerKeyRecord(
            key: X25519.PrivateKey(),
            since: UnixTime(rawValue: since),
            retiredAt: retiredAt.map(UnixTime.init(rawValue:))
        )
    }

    @Test("A key is published for as long as it may, and accepted two hours longer")
    func life() throws {
        let (first, second) = (record(1_000), record(5_000))
        var ring = try #require(PeerKeyRing([first]))
        #expect(!ring.isDue(at: UnixTime(rawValue: 4_999), maximumAge: .seconds(4_000)))
        #expect(ring.isDue(at: UnixTime(rawValue: 5_000), maximumAge: .seconds(4_000)))
        // Time that goes back makes nothing due, and an age of nothing does not mean a key a moment.
        #expect(!ring.isDue(at: UnixTime(rawValue: 0), maximumAge: .zero))
        #expect(!ring.isDue(at: UnixTime(rawValue: 1_000), maximumAge: .zero))
        ring.publish(second)
        #expect(ring.current.key.publicKey == second.key.publicKey)
        #expect(ring.older.map(\.retiredAt) == [UnixTime(rawValue: 5_000)])
        #expect(ring.accepted(beside: second.key).map(\.publicKey) == [first.key.publicKey])
        #expect(ring.accepted(beside: first.key).map(\.publicKey) == [second.key.publicKey])
        let hasForgotten = [5_000, 5_001].map { ring.forget(at: UnixTime(rawValue: $0 + 7_200)) }
        #expect(hasForgotten == [false, true])
        #expect(ring.older.isEmpty && ring.accepted(beside: second.key).isEmpty)
    }

    @Test("The store keeps them in order, one published at a time, and forgets those whose time is over")
    func store() async throws {
        let store = try ProviderStore()
        #expect(PeerKeyRing(try await store.peerKeys()) == nil)
        let keys = [record(1_000), record(2_000), record(3_000)]
        for key in keys { try await store.publish(key) }
        var stored = try await store.peerKeys()
        #expect(stored.map(\.key.publicKey) == keys.reversed().map(\.key.publicKey))
        #expect(stored.map(\.retiredAt?.rawValue) == [nil, 3_000, 2_000])
        // The secret halves are those that were stored.
        let peer = X25519.PrivateKey()
        for (old, new) in zip(keys.reversed(), stored) {
            let (expected, found) = (
                try old.key.sharedSecret(with: peer.publicKey), try new.key.sharedSecret(with: peer.publicKey)
            )
            #expect(expected.withUnsafeBytes { Array($0) } == found.withUnsafeBytes { Array($0) })
        }
        try await store.forgetPeerKeys(retiredBefore: UnixTime(rawValue: 2_001))
        stored = try await store.peerKeys()
        #expect(stored.map(\.key.publicKey) == [keys[2].key.publicKey, keys[1].key.publicKey])
        try await store.write { try $0.execute(sql: "UPDATE peer_key SET secret = randomblob(32)") }
        await #expect(throws: StoreError.corrupt(table: "peer_key", column: "secret")) { try await store.peerKeys() }
    }
}
