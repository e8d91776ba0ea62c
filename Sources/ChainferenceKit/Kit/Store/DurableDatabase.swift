import GRDB

/// A SQLite database for what must not be forgotten: a provider's locks and vouchers, a client's stakes.
///
/// In WAL mode with `synchronous = FULL`: when a write has returned, it survives a kill and a power cut. Only its owner
/// can read the file.
struct DurableDatabase: Sendable {
    private let connection: any DatabaseWriter
    private let lock: StoreLock?

    /// Opens or creates the file and brings its schema up to date.
    ///
    /// - Parameters:
    ///   - path: The file; its directory must exist.
    ///   - isShared: Whether several processes may work with it at a time. Nobody else may open it while this goes on; the
    ///     caller sees to that.
    ///   - migrator: Every schema that was ever shipped.
    /// - Throws: ``StoreError``.
    init(path: String, isShared: Bool = false, migrator: DatabaseMigrator) throws(StoreError) {
        lock = isShared ? nil : try StoreLock(path: path)
        try StoreLock.createPrivateFile(path)
        do {
            let pool = try DatabasePool(path: path, configuration: Self.configuration)
            // A commit reaches the disk before it returns. GRDB sets NORMAL when it switches a pool to WAL, which may lose
            // the last commits in a power cut; the pool's one writer keeps what is set here.
            // And what is deleted is overwritten: keys are among it.
            try pool.writeWithoutTransaction {
                try $0.execute(sql: "PRAGMA synchronous = FULL; PRAGMA secure_delete = ON")
            }
            try migrator.migrate(pool)
            connection = pool
        } catch {
            throw .cannotOpen(path: path, reason: "\(error)")
        }
    }

    /// Opens a file that another process may be writing to; every write throws.
    ///
    /// - Throws: ``StoreError``.
    init(reading path: String) throws(StoreError) {
        lock = nil
        do {
            var configuration = Self.configuration
            configuration.readonly = true
            connection = try DatabaseQueue(path: path, configuration: configuration)
        } catch {
            throw .cannotOpen(path: path, reason: "\(error)")
        }
    }

    /// A database in memory, which forgets everything with the process.
    ///
    /// - Throws: ``StoreError``.
    init(migrator: DatabaseMigrator) throws(StoreError) {
        lock = nil
        do {
            let queue = try DatabaseQueue(configuration: Self.configuration)
            try migrator.migrate(queue)
            connection = queue
        } catch {
            throw .cannotOpen(path: ":memory:", reason: "\(error)")
        }
    }

    private static var configuration: Configuration {
        var configuration = Configuration()
        configuration.foreignKeysEnabled = true
        // Another process (a report, a second client) may hold the file for a moment.
        configuration.busyMode = .timeout(5)
        return configuration
    }

    /// Closes the file; every later call throws.
    func close() throws(StoreError) {
        do {
            try connection.close()
            lock?.release()
        } catch {
            throw .failed(reason: "\(error)")
        }
    }

    /// Changes what is stored, all of it or nothing.
    ///
    /// - Throws: What `body` throws of the kit's own errors and cancellation; ``StoreError/failed(reason:)`` for the rest.
    func write<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        do {
            return try await connection.write(body)
        } catch {
            throw Self.known(error)
        }
    }

    /// Reads what is stored.
    ///
    /// - Throws: What `body` throws of the kit's own errors and cancellation; ``StoreError/failed(reason:)`` for the rest.
    func read<Result: Sendable>(
        _ body: @escaping @Sendable (Database) throws -> Result
    ) async throws -> Result {
        do {
            return try await connection.read(body)
        } catch {
            throw Self.known(error)
        }
    }

    private static func known(_ error: any Error) -> any Error {
        switch error {
        case is StoreError, is ClientError, is CancellationError: error
        default: StoreError.failed(reason: "\(error)")
        }
    }
}
