import GRDB
public import InferenceMarket
import Solana

/// The newest voucher of a lock.
enum VoucherRecord {
    static let schema = """
        CREATE TABLE voucher (
            request BLOB NOT NULL,
            created_slot INTEGER NOT NULL,
            cumulative INTEGER NOT NULL,
            expires_at INTEGER NOT NULL,
            signature BLOB NOT NULL CHECK (length(signature) = 64),
            PRIMARY KEY (request, created_slot),
            FOREIGN KEY (request, created_slot) REFERENCES lock (request, created_slot)
        ) STRICT, WITHOUT ROWID
        """

    static func read(_ row: Row) throws -> Voucher {
        Voucher(
            message: VoucherMessage(
                request: try row.address("request", table: "voucher"),
                cumulative: row.lamports("cumulative"),
                expiresAt: row.time("expires_at")
            ),
            signature: try row.signature("signature", table: "voucher")
        )
    }
}

extension ProviderStore {
    /// Writes a verified voucher down; only after this may it count.
    ///
    /// A voucher of another lock time replaces what is there, because the older one is worthless; within one lock it must
    /// rise.
    ///
    /// - Throws: ``StoreError/unknownLock(_:)``, ``StoreError/voucherDoesNotRise(newest:offered:)``.
    public func save(_ voucher: Voucher, for id: LockID) async throws {
        try await write { database in
            let known = try Bool.fetchOne(
                database,
                sql: "SELECT EXISTS (SELECT 1 FROM lock WHERE \(LockID.condition))",
                arguments: id.key
            )
            guard known == true else { throw StoreError.unknownLock(id.request) }
            let newest = try Row.fetchOne(
                database,
                sql: "SELECT * FROM voucher WHERE \(LockID.condition)",
                arguments: id.key
            ).map(VoucherRecord.read)
            if let newest, newest.message.expiresAt == voucher.message.expiresAt,
                newest.cumulative >= voucher.cumulative
            {
                throw StoreError.voucherDoesNotRise(newest: newest.cumulative, offered: voucher.cumulative)
            }
            try database.insert(
                id.columns + [
                    ("cumulative", voucher.cumulative.column), ("expires_at", voucher.message.expiresAt.rawValue),
                    ("signature", voucher.signature.blob),
                ],
                into: "voucher",
                onConflict: """
                    (request, created_slot) DO UPDATE SET
                        cumulative = excluded.cumulative, expires_at = excluded.expires_at,
                        signature = excluded.signature
                    """
            )
        }
    }

    /// The newest voucher that was written down for a lock.
    public func newestVoucher(for id: LockID) async throws -> Voucher? {
        try await read { database in
            try Row.fetchOne(
                database,
                sql: "SELECT * FROM voucher WHERE \(LockID.condition)",
                arguments: id.key
            ).map(VoucherRecord.read)
        }
    }
}
