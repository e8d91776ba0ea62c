import Foundation
import GRDB
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

    func lamports(_ column: String) -> Lamports {
        Lamports(rawValue: UInt64(bitPattern: self[column] as Int64))
    }
}
