import GRDB
public import Solana

/// What a provider must not forget: its locks, the newest voucher of each, what it has claimed, and its peer keys.
///
/// A SQLite database: when a method has returned, what it wrote survives a kill and a power cut. Vouchers are written here
/// before a token that they pay for counts as paid, lock intents before the lock transaction goes out, claims before the
/// claim goes out. The chain stays the judge; the store says where to look.
public final class ProviderStore: Sendable {
    private let database: DurableDatabase

    /// Opens or creates the store and brings its schema up to date.
    ///
    /// - Parameter path: The database file; its directory must exist. The file is readable by its owner alone, and no
    ///   other process can open the store until this one closes it or ends.
    /// - Throws: ``StoreError``.
    public init(path: String) throws(StoreError) {
        database = try DurableDatabase(path: path, migrator: Self.migrator)
    }

    /// Opens the store of a provider that may be running, to look at it; every write throws.
    ///
    /// - Parameter path: The database file.
    /// - Throws: ``StoreError``.
    public init(reading path: String) throws(StoreError) {
        database = try DurableDatabase(reading: path)
    }

    /// A store in memory, which forgets everything with the process: for tests and experiments.
    ///
    /// - Throws: ``StoreError``.
    public init() throws(StoreError) {
        database = try DurableDatabase(migrator: Self.migrator)
    }

    /// Closes the database; every later call throws.
    public func close() throws(StoreError) { try database.close() }

    /// Whether a process has the store at `path` open now: whether its provider runs.
    static func isInUse(path: String) -> Bool { StoreLock.isHeld(file: path + ".lock") }

    /// Every schema that was ever shipped, in order; a new one is a new migration, an old one is never edited.
    private static var migrator: DatabaseMigrator {
        var migrator = DatabaseMigrator()
        migrator.registerMigration("1: locks, vouchers, claims") { database in
            try database.execute(sql: LockRecord.schema)
            try database.execute(sql: VoucherRecord.schema)
            try database.execute(sql: ClaimRecord.schema)
        }
        migrator.registerMigration("2: models, market fees, sent transactions") { database in
            try database.execute(sql: "ALTER TABLE lock ADD COLUMN model TEXT")
            try database.execute(sql: "ALTER TABLE lock ADD COLUMN market_fee INTEGER")
            try database.execute(sql: SentTransaction.schema)
        }
        migrator.registerMigration("3: peer keys, folded books") { database in
            try database.execute(sql: PeerKeyRecord.schema)
            try database.execute(sql: DailyBooks.schema)
            // Who prunes and who reports looks for days.
            try database.execute(sql: "CREATE INDEX claim_claimed_at ON claim (claimed_at)")
            try database.execute(sql: "CREATE INDEX sent_sent_at ON sent (sent_at)")
            try database.execute(sql: "CREATE INDEX sent_lock_lock ON sent_lock (request, created_slot)")
            try database.execute(sql: "CREATE INDEX lock_created_at ON lock (created_at)")
        }
        migrator.registerMigration("4: answers on credit") { database in
            try database.execute(sql: "ALTER TABLE lock ADD COLUMN begun_on_credit INTEGER NOT NULL DEFAULT 0")
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

/// One incarnation of one request, as this provider locked it.
///
/// A request that is released and locked again, or closed and created again, gets another created slot or another lock
/// time, and with it another identity.
public struct LockID: Hashable, Sendable {
    /// The request account.
    public let request: Address

    /// The slot in which this incarnation was created.
    public let createdSlot: UInt64

    /// Adopts an address and a slot.
    public init(request: Address, createdSlot: UInt64) {
        self.request = request
        self.createdSlot = createdSlot
    }
}

/// Why the store could not do what it was asked for.
public enum StoreError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The file can't be opened or brought up to date.
    case cannotOpen(path: String, reason: String)
    /// Another provider works with this store.
    case inUse(path: String)
    /// A read or a write failed.
    case failed(reason: String)
    /// A stored row makes no sense.
    case corrupt(table: String, column: String)
    /// A voucher for a lock that the store does not know.
    case unknownLock(Address)
    /// A voucher that is not above the newest one.
    case voucherDoesNotRise(newest: Lamports, offered: Lamports)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .cannotOpen(let path, let reason):
            "The store at \(path) can't be opened: \(reason). Check that the directory exists and can be written, and "
                + "that no newer version of the kit has changed the file."
        case .inUse(let path):
            "Another provider works with the store at \(path). Stop it first, or run this one with another wallet: two "
                + "providers of one wallet would take each other's locks for left behind."
        case .failed(let reason):
            "The store failed: \(reason). Nothing was acted on; check the disk's free space and the file's permissions."
        case .corrupt(let table, let column):
            "The store's table \(table) holds an impossible \(column). Restore the file from a backup; the chain still "
                + "holds all stakes."
        case .unknownLock(let request):
            "The store knows no lock of request \(request), so it takes no voucher for it."
        case .voucherDoesNotRise(let newest, let offered):
            "A voucher for \(offered.rawValue) lamports is not above the newest one, \(newest.rawValue)."
        }
    }
}
