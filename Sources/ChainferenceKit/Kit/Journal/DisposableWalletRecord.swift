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
    /// Gives out the number after the last, and writes it down first.
    ///
    /// - Parameter address: The address of a number.
    /// - Returns: The number.
    /// - Throws: ``StoreError``.
    func takeDisposableWallet(address: @escaping @Sendable (UInt32) throws -> Address) async throws -> UInt32 {
        try await write { database in
            let last = try Int64.fetchOne(database, sql: "SELECT max(number) FROM disposable_wallet")
            let index = UInt32(clamping: (last ?? -1) + 1)
            try database.execute(
                sql: "INSERT INTO disposable_wallet (number, address, retired) VALUES (?, ?, 0)",
                arguments: [Int64(index), try address(index).blob]
            )
            return index
        }
    }

    /// Notes that a wallet was swept.
    func retireDisposableWallet(_ index: UInt32) async throws {
        try await write { database in
            try database.execute(
                sql: "UPDATE disposable_wallet SET retired = 1 WHERE number = ?",
                arguments: [Int64(index)]
            )
        }
    }

    /// Every wallet that was given out, in order.
    func disposableWallets() async throws -> [DisposableWalletRecord] {
        try await read { database in
            try Row.fetchAll(database, sql: "SELECT * FROM disposable_wallet ORDER BY number").map(
                DisposableWalletRecord.init(row:)
            )
        }
    }
}
