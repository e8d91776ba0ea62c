import Foundation
import GRDB
public import InferenceMarket
public import Solana

/// A transaction that this provider signed: what it was for, and what it cost.
///
/// Written down before it is sent, so that no fee is ever forgotten, whenever the provider is killed.
public struct SentTransaction: Hashable, Sendable {
    /// What a transaction was for.
    public enum Purpose: String, Sendable, CaseIterable {
        /// Registers the server, or changes its address or its listings.
        case registration
        /// Shows that the server is alive.
        case heartbeat
        /// Locks a request.
        case lock
        /// Claims or releases requests.
        case settlement
    }

    /// What became of it.
    public enum Outcome: String, Sendable, CaseIterable {
        /// It was signed and may have been sent; the chain knows.
        case sent
        /// It landed and succeeded.
        case landed
        /// It landed and failed; its fee is gone.
        case failed
        /// It never landed and never will; nothing was charged.
        case expired
    }

    /// Names it.
    public let signature: Signature

    /// What it was for.
    public let purpose: Purpose

    /// The locks that it was about; none for the server account's own.
    public let locks: [LockID]

    /// What it costs if it lands.
    public let fee: Lamports

    /// The last block height at which it can land.
    public let lastValidBlockHeight: UInt64

    /// When it was signed.
    public let sentAt: UnixTime

    /// What became of it.
    public var outcome: Outcome

    /// Adopts all fields.
    public init(
        signature: Signature,
        purpose: Purpose,
        locks: [LockID],
        fee: Lamports,
        lastValidBlockHeight: UInt64,
        sentAt: UnixTime,
        outcome: Outcome = .sent
    ) {
        self.signature = signature
        self.purpose = purpose
        self.locks = locks
        self.fee = fee
        self.lastValidBlockHeight = lastValidBlockHeight
        self.sentAt = sentAt
        self.outcome = outcome
    }

    static let schema = """
        CREATE TABLE sent (
            signature BLOB NOT NULL PRIMARY KEY CHECK (length(signature) = 64),
            purpose TEXT NOT NULL,
            fee INTEGER NOT NULL,
            last_valid_block_height INTEGER NOT NULL,
            sent_at INTEGER NOT NULL,
            outcome TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX sent_undecided ON sent (outcome) WHERE outcome = 'sent';
        CREATE TABLE sent_lock (
            signature BLOB NOT NULL REFERENCES sent (signature),
            request BLOB NOT NULL,
            created_slot INTEGER NOT NULL,
            PRIMARY KEY (signature, request, created_slot)
        ) STRICT, WITHOUT ROWID;
        """

    init(row: Row, locks: [LockID]) throws {
        self.init(
            signature: try row.signature("signature", table: "sent"),
            purpose: try row.word("purpose", table: "sent"),
            locks: locks,
            fee: row.lamports("fee"),
            lastValidBlockHeight: UInt64(bitPattern: row["last_valid_block_height"]),
            sentAt: row.time("sent_at"),
            outcome: try row.word("outcome", table: "sent")
        )
    }

    fileprivate var columns: ColumnValues {
        [
            ("signature", signature.blob), ("purpose", purpose.rawValue), ("fee", fee.column),
            ("last_valid_block_height", Int64(bitPattern: lastValidBlockHeight)), ("sent_at", sentAt.rawValue),
            ("outcome", outcome.rawValue),
        ]
    }
}

extension ProviderStore {
    /// Writes a transaction down that is about to be sent; the second time it changes nothing.
    public func save(_ sent: SentTransaction) async throws {
        try await write { database in
            try database.insert(sent.columns, into: "sent", onConflict: "(signature) DO NOTHING")
            for lock in sent.locks {
                try database.insert(
                    [("signature", sent.signature.blob)] + lock.columns,
                    into: "sent_lock",
                    onConflict: "DO NOTHING"
                )
            }
        }
    }

    /// Writes down what became of a transaction, and what it really cost.
    public func setOutcome(
        _ outcome: SentTransaction.Outcome,
        of signature: Signature,
        fee: Lamports? = nil
    ) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE sent SET outcome = ?, fee = COALESCE(?, fee) WHERE signature = ?",
                arguments: [outcome.rawValue, fee?.column, signature.blob]
            )
        }
    }

    /// The transactions whose outcome is not known yet, the oldest first.
    public func undecidedTransactions() async throws -> [SentTransaction] {
        try await read { try Self.transactions(in: $0, where: "outcome = 'sent'") }
    }

    /// Every transaction that was ever signed, the oldest first.
    public func transactions() async throws -> [SentTransaction] {
        try await read { try Self.transactions(in: $0, where: "TRUE") }
    }

    static func transactions(
        in database: Database,
        where condition: String,
        arguments: StatementArguments = StatementArguments()
    ) throws -> [SentTransaction] {
        var locks: [Data: [LockID]] = [:]
        let links = try Row.fetchCursor(
            database,
            sql: """
                SELECT sent_lock.* FROM sent_lock JOIN sent USING (signature)
                WHERE \(condition) ORDER BY request, created_slot
                """,
            arguments: arguments
        )
        while let link = try links.next() {
            locks[link["signature"], default: []].append(try link.lockID(table: "sent_lock"))
        }
        return try Row.fetchAll(
            database,
            sql: "SELECT * FROM sent WHERE \(condition) ORDER BY sent_at, signature",
            arguments: arguments
        ).map { row in
            try SentTransaction(row: row, locks: locks[row["signature"], default: []])
        }
    }
}
