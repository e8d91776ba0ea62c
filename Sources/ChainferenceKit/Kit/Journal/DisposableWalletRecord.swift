import GRDB
import Solana

/// A disposable wallet that was given out.
struct DisposableWalletRecord: Hashable, Sendable {
    /// The number in the derivation path.
    let index: UInt32
    let address: Address
    /// Whether it was swept and is not to be used again.
    let isRetired: Bool

    static let schema = """
        CREATE TABLE disposable_wallet (
            number INTEGER NOT NULL PRIMARY KEY,
            address BLOB NOT NULL UNIQUE CHECK (length(address) = 32),
            retired INTEGER NOT NULL
        ) STRICT
        """

    /// Numbers are each seed's own; rows from before there was the column have zeros, and belong to whoever has the address.
    static let seeds = """
        ALTER TABLE disposable_wallet RENAME TO unseeded_wallet;
        CREATE TABLE disposable_wallet (
            seed BLOB NOT NULL CHECK (length(seed) = 32),
            number INTEGER NOT NULL,
            address BLOB NOT NULL CHECK (length(address) = 32),
            retired INTEGER NOT NULL,
            PRIMARY KEY (seed, number)
        ) STRICT, WITHOUT ROWID;
        INSERT INTO disposable_wallet SELECT zeroblob(32), number, address, retired FROM unseeded_wallet;
        DROP TABLE unseeded_wallet
        """

    /// The mark of the process that has taken the wallet to pay from; empty for none.
    static let holder = "ALTER TABLE disposable_wallet ADD COLUMN holder TEXT NOT NULL DEFAULT ''"

    init(row: Row) throws {
        guard let index = UInt32(exactly: row["number"] as Int64) else {
            throw StoreError.corrupt(table: "disposable_wallet", column: "number")
        }
        self.index = index
        address = try row.address("address", table: "disposable_wallet")
        isRetired = row["retired"]
    }
}

extension ClientJournal {
    private static let ofSeed = "(seed = ? OR seed = zeroblob(32))"

    /// Gives out the number after the last, and writes it down first.
    ///
    /// - Parameter seed: All wallets follow from it.
    /// - Returns: The number.
    /// - Throws: ``StoreError``.
    func takeDisposableWallet(of seed: WalletSeed) async throws -> UInt32 {
        try await write { database in
            let last = try Int64.fetchOne(
                database,
                sql: "SELECT max(number) FROM disposable_wallet WHERE \(Self.ofSeed)",
                arguments: [seed.name.blob]
            )
            let index = UInt32(clamping: (last ?? -1) + 1)
            try Self.insert(index, of: seed, into: database)
            return index
        }
    }

    /// Notes that every number up to and including this one was given out, by a journal that is gone.
    func recallDisposableWallets(of seed: WalletSeed, through last: UInt32) async throws {
        try await write { database in
            for index in 0...last { try Self.insert(index, of: seed, into: database) }
        }
    }

    private static func insert(_ index: UInt32, of seed: WalletSeed, into database: Database) throws {
        try database.execute(
            sql: "INSERT OR IGNORE INTO disposable_wallet (seed, number, address, retired) VALUES (?, ?, ?, 0)",
            arguments: [seed.name.blob, Int64(index), seed.keypair(index).address.blob]
        )
    }

    /// Takes a wallet for one session, unless somebody who lives has it already.
    ///
    /// - Parameter wallet: Its address.
    /// - Returns: Whether nobody had it.
    /// - Throws: ``StoreError``.
    func holdDisposableWallet(_ wallet: Address) async throws -> Bool {
        let owner = owner
        let mine = owner?.name ?? "memory"
        return try await write { database in
            let holder = try Self.holder(of: wallet, in: database)
            // The mark of a process that is dead counts for nothing.
            guard holder.isEmpty || (holder != mine && owner?.isOther(holder) == false) else { return false }
            try database.execute(
                sql: "UPDATE disposable_wallet SET holder = ? WHERE address = ?",
                arguments: [mine, wallet.blob]
            )
            return true
        }
    }

    /// Whether another process, which is alive, has taken a wallet.
    func isDisposableWalletHeldElsewhere(_ wallet: Address) async throws -> Bool {
        let owner = owner
        return try await read { try owner?.isOther(Self.holder(of: wallet, in: $0)) ?? false }
    }

    private static func holder(of wallet: Address, in database: Database) throws -> String {
        try String.fetchOne(
            database,
            sql: "SELECT holder FROM disposable_wallet WHERE address = ?",
            arguments: [wallet.blob]
        ) ?? ""
    }

    /// Notes that a wallet was swept.
    func retireDisposableWallet(_ index: UInt32, of seed: WalletSeed) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE disposable_wallet SET retired = 1 WHERE number = ? AND address = ?",
                arguments: [Int64(index), seed.keypair(index).address.blob]
            )
        }
    }

    /// Every wallet of a seed that was given out, in order.
    func disposableWallets(of seed: WalletSeed) async throws -> [DisposableWalletRecord] {
        try await read { database in
            try Row.fetchAll(
                database,
                sql: "SELECT * FROM disposable_wallet WHERE \(Self.ofSeed) ORDER BY number",
                arguments: [seed.name.blob]
            ).map(DisposableWalletRecord.init(row:)).filter { $0.address == seed.keypair($0.index).address }
        }
    }
}
