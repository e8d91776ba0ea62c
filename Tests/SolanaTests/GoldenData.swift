import Foundation
import Solana
import Testing

/// The files that `Golden/generate.py` wrote with solders.
enum Golden {
    static func load<Value: Decodable>(_ type: Value.Type, _ name: String) throws -> Value {
        let url = try #require(Bundle.module.url(forResource: name, withExtension: "json", subdirectory: "Golden"))
        return try JSONDecoder().decode(Value.self, from: Data(contentsOf: url))
    }
}

/// Bytes, base64 in the file.
struct Base64: Decodable {
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let data = Data(base64Encoded: try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no base64")
        }
        bytes = Array(data)
    }
}

/// An amount, decimal text in the file.
struct Decimal64: Decodable {
    let value: UInt64

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = UInt64(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "no number")
        }
        self.value = value
    }
}

/// The messages file: cases that draw their addresses from one pool, whose first ones have keys.
struct GoldenMessages: Decodable {
    let seeds: [Base64]
    let pool: [Address]
    let legacy: [Case]
    let v0: [Case]

    struct Case: Decodable {
        let payer: Int
        let instructions: [Call]
        let blockhash: Blockhash
        let message: Base64
        let transaction: Base64
        let sane: Bool
        let tables: [Table]?
    }

    struct Call: Decodable {
        let program: Int
        let accounts: [[Int]]
        let data: [UInt8]

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            program = try container.decode(Int.self)
            accounts = try container.decode([[Int]].self)
            data = try container.decode(Base64.self).bytes
        }
    }

    struct Table: Decodable {
        let address: Address
        let places: [Int]

        init(from decoder: any Decoder) throws {
            var container = try decoder.unkeyedContainer()
            address = try container.decode(Address.self)
            places = try container.decode([Int].self)
        }
    }

    func keypairs() throws -> [Keypair] {
        try seeds.map { try Keypair(seed: $0.bytes) }
    }

    func instructions(_ item: Case) -> [Instruction] {
        item.instructions.map { call in
            Instruction(
                program: pool[call.program],
                accounts: call.accounts.map {
                    AccountMeta(address: pool[$0[0]], isSigner: $0[1] & 1 != 0, isWritable: $0[1] & 2 != 0)
                },
                data: call.data
            )
        }
    }

    func tables(_ item: Case) -> [AddressLookupTable] {
        (item.tables ?? []).map { table in
            AddressLookupTable(address: table.address, addresses: table.places.map { pool[$0] })
        }
    }
}

/// Random numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    // SplitMix64, public domain.
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = state
        value = (value ^ (value >> 30)) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ (value >> 27)) &* 0x94d0_49bb_1331_11eb
        return value ^ (value >> 31)
    }

    mutating func bytes(_ count: Int) -> [UInt8] {
        (0..<count).map { _ in UInt8(truncatingIfNeeded: next()) }
    }
}
