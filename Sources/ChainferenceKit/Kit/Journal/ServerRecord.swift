import GRDB
import InferenceMarket
import Solana

/// What the journal keeps of the servers of a chain: how far their transactions were read, and what was found in them.
enum ServerRecord {
    static let schema = """
        CREATE TABLE server_reading (
            chain TEXT NOT NULL,
            server BLOB NOT NULL CHECK (length(server) = 32),
            newest TEXT,
            read_at INTEGER NOT NULL,
            PRIMARY KEY (chain, server)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE server_payer (
            chain TEXT NOT NULL,
            server BLOB NOT NULL CHECK (length(server) = 32),
            payer BLOB NOT NULL CHECK (length(payer) = 32),
            sessions INTEGER NOT NULL,
            PRIMARY KEY (chain, server, payer)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE server_comparison (
            number INTEGER PRIMARY KEY,
            chain TEXT NOT NULL,
            signature TEXT NOT NULL,
            preferred BLOB NOT NULL CHECK (length(preferred) = 32),
            other BLOB NOT NULL CHECK (length(other) = 32),
            UNIQUE (chain, signature, preferred, other)
        ) STRICT
        """

    /// How many comparisons of a chain are kept; older ones make room.
    static let comparisonLimit = 2_000

    /// How many sessions of a server are kept; beyond, all its payers' counts are halved, so that old ones fade.
    static let sessionLimit = 1_000
}

/// How far a server's transactions were read.
struct ServerReading: Hashable, Sendable {
    /// The newest transaction that was looked at; nil when there was none.
    var newest: Signature?
    /// When, by this machine's clock.
    var readAt: UnixTime
}

extension ClientJournal {
    /// How far the transactions of servers were read.
    func serverReadings(on chain: String) async throws -> [Address: ServerReading] {
        try await read { database in
            let rows = try Row.fetchAll(
                database,
                sql: "SELECT * FROM server_reading WHERE chain = ?",
                arguments: [chain]
            )
            return try rows.reduce(into: [:]) { readings, row in
                let newest = (row["newest"] as String?).flatMap { try? Signature(base58: $0) }
                readings[try row.address("server", table: "server_reading")] = ServerReading(
                    newest: newest,
                    readAt: UnixTime(rawValue: row["read_at"])
                )
            }
        }
    }

    /// Everything that was found so far.
    func serverHistory(on chain: String) async throws -> ServerHistory {
        try await read { database in
            var history = ServerHistory()
            for row in try Row.fetchAll(
                database,
                sql: "SELECT * FROM server_payer WHERE chain = ?",
                arguments: [chain]
            ) {
                history.count(
                    UInt64(clamping: row["sessions"] as Int64),
                    of: try row.address("payer", table: "server_payer"),
                    with: try row.address("server", table: "server_payer")
                )
            }
            for row in try Row.fetchAll(
                database,
                sql: "SELECT * FROM server_comparison WHERE chain = ?",
                arguments: [chain]
            ) {
                history.count(
                    PairwiseComparison(
                        preferred: try row.address("preferred", table: "server_comparison"),
                        other: try row.address("other", table: "server_comparison")
                    ),
                    signature: row["signature"]
                )
            }
            return history
        }
    }

    /// Writes down what was newly found of one server, and how far its transactions are read now; both or neither.
    func save(_ found: ServerHistory, of server: Address, _ reading: ServerReading, on chain: String) async throws {
        try await write { database in
            let before = try Row.fetchOne(
                database,
                sql: "SELECT newest FROM server_reading WHERE chain = ? AND server = ?",
                arguments: [chain, server.blob]
            )
            try database.execute(
                sql: "INSERT OR REPLACE INTO server_reading (chain, server, newest, read_at) VALUES (?, ?, ?, ?)",
                arguments: [chain, server.blob, reading.newest?.base58, reading.readAt.rawValue]
            )
            // Nothing is new, or another process that shares the journal has read the same meanwhile.
            if let before, let newest = reading.newest, before["newest"] as String? == newest.base58 { return }
            for (payer, sessions) in found.sessions[server] ?? [:] {
                try database.execute(
                    sql: """
                        INSERT INTO server_payer (chain, server, payer, sessions) VALUES (?, ?, ?, ?)
                        ON CONFLICT DO UPDATE SET sessions = sessions + excluded.sessions
                        """,
                    arguments: [chain, server.blob, payer.blob, Int64(clamping: sessions)]
                )
            }
            for comparison in found.comparisons.sorted(by: { $0.signature < $1.signature }) {
                try database.execute(
                    sql: """
                        INSERT OR IGNORE INTO server_comparison (chain, signature, preferred, other) VALUES (?, ?, ?, ?)
                        """,
                    arguments: [
                        chain, comparison.signature, comparison.servers.preferred.blob, comparison.servers.other.blob,
                    ]
                )
            }
            try Self.fade(database, server, on: chain)
        }
    }

    /// Keeps what is remembered within its bounds.
    private static func fade(_ database: Database, _ server: Address, on chain: String) throws {
        let sessions = try Int64.fetchOne(
            database,
            sql: "SELECT coalesce(sum(sessions), 0) FROM server_payer WHERE chain = ? AND server = ?",
            arguments: [chain, server.blob]
        )
        if sessions ?? 0 > ServerRecord.sessionLimit {
            try database.execute(
                sql: "UPDATE server_payer SET sessions = sessions / 2 WHERE chain = ? AND server = ?",
                arguments: [chain, server.blob]
            )
            try database.execute(sql: "DELETE FROM server_payer WHERE sessions = 0")
        }
        try database.execute(
            sql: """
                DELETE FROM server_comparison WHERE chain = ? AND number NOT IN
                (SELECT number FROM server_comparison WHERE chain = ? ORDER BY number DESC LIMIT ?)
                """,
            arguments: [chain, chain, ServerRecord.comparisonLimit]
        )
    }
}
