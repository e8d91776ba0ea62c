import Foundation
import GRDB

@testable import ChainferenceKit

/// A store as the first version of the kit made it.
enum OldStore {
    static func make(at path: String, with id: LockID) throws {
        let queue = try DatabaseQueue(path: path)
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: locks, vouchers, claims") { database in
            try database.execute(
                sql: """
                    CREATE TABLE lock (
                        request BLOB NOT NULL CHECK (length(request) = 32), created_slot INTEGER NOT NULL,
                        state TEXT NOT NULL, locked_at INTEGER, deadline INTEGER,
                        voucher_signer BLOB NOT NULL CHECK (length(voucher_signer) = 32), stake INTEGER NOT NULL,
                        credit INTEGER NOT NULL, created_at INTEGER NOT NULL, PRIMARY KEY (request, created_slot)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE voucher (
                        request BLOB NOT NULL, created_slot INTEGER NOT NULL, cumulative INTEGER NOT NULL,
                        expires_at INTEGER NOT NULL, signature BLOB NOT NULL CHECK (length(signature) = 64),
                        PRIMARY KEY (request, created_slot)
                    ) STRICT, WITHOUT ROWID;
                    CREATE TABLE claim (
                        request BLOB NOT NULL, created_slot INTEGER NOT NULL, charge INTEGER NOT NULL,
                        signature BLOB, claimed_at INTEGER NOT NULL, PRIMARY KEY (request, created_slot)
                    ) STRICT, WITHOUT ROWID;
                    """
            )
        }
        try migrator.migrate(queue)
        try queue.write { database in
            try database.execute(
                sql: "INSERT INTO lock VALUES (?, ?, 'claiming', 1, 2, ?, 3, 4, 5)",
                arguments: [
                    Data(id.request.bytes), Int64(id.createdSlot), Data(repeating: 1, count: 32),
                ]
            )
        }
        try queue.close()
    }
}
