import Foundation
import GRDB
import InferenceMarket
import Solana

// How the kit's types are kept in SQLite: keys and signatures as blobs, lamports as the 64 bits that SQLite's signed
// integers have room for. Amounts are compared in Swift, never in SQL.

extension Address {
    var blob: Data { Data(bytes) }
}

extension Signature {
    var blob: Data { Data(bytes) }
}

extension Lamports {
    var column: Int64 { Int64(bitPattern: rawValue) }
}

extension Row {
    func bytes(_ column: String) -> [UInt8] {
        // A column that is not there is a mistake in this module; a NULL reads as empty and fails the length checks.
        (self[column] as Data?).map(Array.init) ?? []
    }

    func address(_ column: String, table: String) throws -> Address {
        guard let address = try? Address(bytes: bytes(column)) else {
            throw StoreError.corrupt(table: table, column: column)
        }
        return address
    }

    func signature(_ column: String, table: String) throws -> Signature {
        guard let signature = try? Signature(bytes: bytes(column)) else {
            throw StoreError.corrupt(table: table, column: column)
        }
        return signature
    }

    func lamports(_ column: String) -> Lamports {
        Lamports(rawValue: UInt64(bitPattern: self[column] as Int64))
    }

    func time(_ column: String) -> UnixTime { UnixTime(rawValue: self[column]) }

    /// One of a fixed set of words.
    func word<Word: RawRepresentable<String>>(_ column: String, table: String) throws -> Word {
        guard let word = Word(rawValue: self[column]) else { throw StoreError.corrupt(table: table, column: column) }
        return word
    }

    /// The columns that name a lock.
    func lockID(table: String) throws -> LockID {
        LockID(
            request: try address("request", table: table),
            createdSlot: UInt64(bitPattern: self["created_slot"])
        )
    }
}

extension LockID {
    /// What selects the rows of a lock.
    static let condition = "request = ? AND created_slot = ?"

    /// The values for ``condition``.
    var key: StatementArguments { [request.blob, Int64(bitPattern: createdSlot)] }

    /// The columns that name a lock, and their values.
    var columns: ColumnValues { [("request", request.blob), ("created_slot", Int64(bitPattern: createdSlot))] }
}

/// Columns and what is written into them.
typealias ColumnValues = [(column: String, value: (any DatabaseValueConvertible)?)]

extension Database {
    /// Writes a row.
    ///
    /// - Parameters:
    ///   - values: Its columns.
    ///   - table: Where to.
    ///   - conflict: What happens when there is such a row already, as SQLite's `ON CONFLICT` has it; nil for an error.
    /// - Throws: What the database has against it.
    func insert(_ values: ColumnValues, into table: String, onConflict conflict: String? = nil) throws {
        let columns = values.map(\.column).joined(separator: ", ")
        let places = values.map { _ in "?" }.joined(separator: ", ")
        let end = conflict.map { " ON CONFLICT \($0)" } ?? ""
        try execute(
            sql: "INSERT INTO \(table) (\(columns)) VALUES (\(places))\(end)",
            arguments: StatementArguments(values.map(\.value))
        )
    }
}
