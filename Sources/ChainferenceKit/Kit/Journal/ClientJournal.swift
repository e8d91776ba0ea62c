import GRDB
import Solana

/// What a client must not forget: its stakes, and what it has spent.
///
/// A SQLite database that only its owner can read. A stake is written down before the transaction that pays it goes out,
/// so that a client that crashed finds it again with ``InferenceClient/sweep()``, whichever of its wallets paid. No keys
/// are kept: with the process dies what could promise a server more, so that nobody can do so with a stolen journal.
///
/// One process at a time can have a journal open.
public final class ClientJournal: Sendable {
    private let database: DurableDatabase

    /// Opens or creates the journal and brings its schema up to date.
    ///
    /// - Parameter path: The database file; its directory must exist.
    /// - Throws: ``StoreError``.
    public init(path: String) throws(StoreError) {
        database = try DurableDatabase(path: path, migrator: Self.migrator)
    }

    /// A journal in memory, which forgets everything with the process.
    ///
    /// - Throws: ``StoreError``.
    public init() throws(StoreError) {
        database = try DurableDatabase(migrator: Self.migrator)
    }

    /// Closes the database; every later call throws.
    public func close() throws(StoreError) { try database.close() }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: stakes, disposable wallets") { database in
            try database.execute(sql: StakeRecord.schema)
            try database.execute(sql: DisposableWalletRecord.schema)
        }
        return migrator
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await database.write(body)
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await database.read(body)
    }
}
