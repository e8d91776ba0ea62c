import Foundation
import GRDB
import InferenceMarket
import SodiumCrypto

/// A key of the peer channel: the one that the provider publishes, or one that it did publish.
struct PeerKeyRecord: Sendable {
    /// The key.
    let key: X25519.PrivateKey

    /// When it was made.
    let since: UnixTime

    /// When another took its place; nil for the one that is published.
    var retiredAt: UnixTime?

    static let schema = """
        CREATE TABLE peer_key (
            public BLOB NOT NULL PRIMARY KEY CHECK (length(public) = 32),
            secret BLOB NOT NULL CHECK (length(secret) = 32),
            since INTEGER NOT NULL,
            retired_at INTEGER
        ) STRICT, WITHOUT ROWID
        """

    init(key: X25519.PrivateKey, since: UnixTime, retiredAt: UnixTime? = nil) {
        self.key = key
        self.since = since
        self.retiredAt = retiredAt
    }

    init(row: Row) throws {
        // The database's own copies can't be wiped; who can read this memory can read the file.
        guard let key = try? X25519.PrivateKey(bytes: row.bytes("secret")), key.publicKey.bytes == row.bytes("public")
        else {
            throw StoreError.corrupt(table: "peer_key", column: "secret")
        }
        self.init(
            key: key,
            since: row.time("since"),
            retiredAt: (row["retired_at"] as Int64?).map(UnixTime.init(rawValue:))
        )
    }

    fileprivate var columns: ColumnValues {
        [
            ("public", Data(key.publicKey.bytes)), ("secret", key.withUnsafeBytes { Data($0) }),
            ("since", since.rawValue), ("retired_at", retiredAt?.rawValue),
        ]
    }
}

extension ProviderStore {
    /// Every key that clients may still come with, the published one first, then the newest.
    func peerKeys() async throws -> [PeerKeyRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM peer_key ORDER BY retired_at IS NOT NULL, retired_at DESC, public"
            ).map(PeerKeyRecord.init(row:))
        }
    }

    /// Makes a key the one to publish, and notes that those before it are retired.
    func publish(_ key: PeerKeyRecord) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE peer_key SET retired_at = ? WHERE retired_at IS NULL",
                arguments: [key.since.rawValue]
            )
            try database.insert(key.columns, into: "peer_key")
        }
    }

    /// Forgets keys for good; the store overwrites what it deletes.
    func forgetPeerKeys(retiredBefore time: UnixTime) async throws {
        try await write { database in
            try database.execute(sql: "DELETE FROM peer_key WHERE retired_at < ?", arguments: [time.rawValue])
        }
    }
}
