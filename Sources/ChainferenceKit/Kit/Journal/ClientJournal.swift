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
    let database: any DatabaseWriter
    private let lock: StoreLock?

    /// Opens or creates the journal and brings its schema up to date.
    ///
    /// - Parameter path: The database file; its directory must exist.
    /// - Throws: ``StoreError``.
    public init(path: String) throws(StoreError) {
        lock = try StoreLock(path: path)
        try StoreLock.createPrivateFile(path)
        do {
            let pool = try DatabasePool(path: path)
            // As in ``ProviderStore``: what was written survives a power cut.
            try pool.writeWithoutTransaction { try $0.execute(sql: "PRAGMA synchronous = FULL") }
            try Self.migrator.migrate(pool)
            database = pool
        } catch {
            throw .cannotOpen(path: path, reason: "\(error)")
        }
    }

    /// A journal in memory, which forgets everything with the process.
    ///
    /// - Throws: ``StoreError``.
    public init() throws(StoreError) {
        lock = nil
        do {
            let queue = try DatabaseQueue()
            try Self.migrator.migrate(queue)
            database = queue
        } catch {
            throw .cannotOpen(path: ":memory:", reason: "\(error)")
        }
    }

    /// Closes the database; every later call throws.
    public func close() throws(StoreError) {
        do {
            try database.close()
            lock?.release()
        } catch {
            throw .failed(reason: "\(error)")
        }
    }

    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: stakes, disposable wallets") { database in
            try database.execute(sql: StakeRecord.schema)
            try database.execute(sql: DisposableWalletRecord.schema)
        }
        return migrator
    }

    func write<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        do {
            return try await database.write(body)
        } catch let error as StoreError {
            throw error
        } catch let error as ClientError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw StoreError.failed(reason: "\(error)")
        }
    }

    func read<Result: Sendable>(_ body: @escaping @Sendable (Database) throws -> Result) async throws -> Result {
        do {
            return try await database.read(body)
        } catch let error as StoreError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw StoreError.failed(reason: "\(error)")
        }
    }
}
