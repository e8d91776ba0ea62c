import GRDB
import Solana

/// What a client must not forget: its stakes, what it has spent, and what it has read of servers' records.
///
/// A SQLite database that only its owner can read. A stake is written down before the transaction that pays it goes out,
/// so that a client that crashed finds it again with ``InferenceClient/sweep()``, whichever of its wallets paid. No keys
/// are kept: with the process dies what could promise a server more, so that nobody can do so with a stolen journal.
///
/// Several processes can share a journal, and with it the limits on spending. Each marks its stakes, so that no other takes
/// them for left behind while it lives.
public final class ClientJournal: Sendable {
    private let database: DurableDatabase

    /// The requests that sessions of this process work on, whichever client of this journal they belong to.
    let active = ActiveRequests()

    /// This process's mark; nil for a journal in memory.
    let owner: JournalOwner?

    /// Opens or creates the journal and brings its schema up to date.
    ///
    /// - Parameter path: The database file; its directory must exist. See ``standardPath(folder:)``.
    /// - Throws: ``StoreError``.
    public init(path: String) throws(StoreError) {
        // Two processes that make the same file, or bring it up to date, would be in each other's way.
        let opening = try StoreLock(path: path, waits: true)
        defer { opening.release() }
        JournalOwner.removeDead(of: path)
        owner = try JournalOwner(journal: path)
        database = try DurableDatabase(path: path, isShared: true, migrator: Self.migrator)
    }

    /// A journal in memory, which forgets everything with the process.
    ///
    /// - Throws: ``StoreError``.
    public init() throws(StoreError) {
        owner = nil
        database = try DurableDatabase(migrator: Self.migrator)
    }

    /// Closes the database; every later call throws.
    public func close() throws(StoreError) {
        try database.close()
        owner?.release()
    }

    /// Every schema that was ever shipped, in order; a new one is a new migration, an old one is never edited.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: stakes, disposable wallets") { database in
            try database.execute(sql: StakeRecord.schema)
            try database.execute(sql: DisposableWalletRecord.schema)
        }
        migrator.registerMigration("2: chains, owners, seeds, servers' records") { database in
            try database.execute(sql: StakeRecord.chainAndOwner)
            try database.execute(sql: DisposableWalletRecord.seeds)
            try database.execute(sql: ServerRecord.schema)
        }
        migrator.registerMigration("3: who holds disposable wallets") { database in
            try database.execute(sql: DisposableWalletRecord.holder)
        }
        return migrator
    }

    /// Changes what is stored, all of it or nothing.
    ///
    /// Goes on when the calling task is cancelled: what happened must be written down just then.
    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        let database = database
        return try await uncancelled { try await database.write(body) }
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        try await database.read(body)
    }
}
