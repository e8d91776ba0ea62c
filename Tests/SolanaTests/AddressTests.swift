import Foundation
import Solana
import Testing

@Suite("Addresses, hashes and signatures")
struct AddressTests {
    @Test("base58 both ways is solders' for 32 and 64 bytes, with every number of leading zeros")
    func base58() throws {
        let cases = try Golden.load([[String]].self, "base58")
        #expect(cases.count > 500)
        for item in cases {
            let bytes = Array(try #require(Data(base64Encoded: item[0])))
            if bytes.count == 32 {
                let address = try Address(bytes: bytes)
                #expect(address.base58 == item[1])
                #expect(try Address(base58: item[1]) == address)
                #expect(try Blockhash(base58: item[1]).bytes == bytes)
            } else {
                #expect(try Signature(bytes: bytes).description == item[1])
                #expect(try Signature(base58: item[1]).bytes == bytes)
            }
            #expect(Base58.encode(bytes) == item[1])
            #expect(try Base58.decode(item[1], maximumCount: 64) == bytes)
        }
    }

    @Test("base58 of any length comes back")
    func base58OfAnyLength() throws {
        var generator = SeededGenerator(seed: 1)
        for count in 0..<200 {
            var bytes = generator.bytes(count)
            for index in 0..<min(count, count % 5) { bytes[index] = 0 }
            let text = Base58.encode(bytes)
            #expect(try Base58.decode(text, maximumCount: count) == bytes)
            if count > 0 {
                #expect(throws: SolanaFormatError.tooLong(maximumByteCount: count - 1)) {
                    try Base58.decode(text, maximumCount: count - 1)
                }
            }
        }
        #expect(Base58.encode([UInt8]("Hello World!".utf8)) == "2NEpo7TZRRrLZSi2U")
    }

    @Test(
        "a text that is not exactly one address is refused",
        arguments: [
            ("", SolanaFormatError.wrongByteCount(expected: 32, actual: 0)),
            ("1111111111111111111111111111111", .wrongByteCount(expected: 32, actual: 31)),
            ("111111111111111111111111111111111", .wrongByteCount(expected: 32, actual: 33)),
            ("So1111111111111111111111111111111111111111O", .invalidCharacter(position: 42)),
            ("0o11111111111111111111111111111111111111111", .invalidCharacter(position: 0)),
            ("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFl", .invalidCharacter(position: 43)),
            ("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFI", .invalidCharacter(position: 43)),
            ("JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFH", .wrongByteCount(expected: 32, actual: 33)),
            ("é111111111111111111111111111111", .invalidCharacter(position: 0)),
            (" 11111111111111111111111111111111", .invalidCharacter(position: 0)),
            ("1JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG", .tooLong(maximumByteCount: 32)),
        ]
    )
    func refusedTexts(text: String, error: SolanaFormatError) {
        #expect(throws: error) { try Address(base58: text) }
    }

    @Test("a very long text is refused before it is read")
    func veryLong() {
        let text = String(repeating: "z", count: 1_000_000)
        #expect(throws: SolanaFormatError.tooLong(maximumByteCount: 32)) { try Address(base58: text) }
        #expect(throws: SolanaFormatError.tooLong(maximumByteCount: 64)) { try Base58.decode(text, maximumCount: 64) }
    }

    @Test("the largest address is the last text that is accepted")
    func largest() throws {
        let text = "JEKNVnkbo3jma5nREBBJCDoXFVeKkD56V3xKrvRmWxFG"
        #expect(try Address(base58: text).bytes == Array(repeating: 0xff, count: 32))
    }

    @Test("wrong numbers of bytes are refused", arguments: [0, 31, 33, 64])
    func refusedBytes(count: Int) {
        #expect(throws: SolanaFormatError.wrongByteCount(expected: 32, actual: count)) {
            try Address(bytes: [UInt8](repeating: 1, count: count))
        }
    }

    @Test("addresses order by their bytes, the first one weighing most")
    func order() throws {
        var generator = SeededGenerator(seed: 2)
        for _ in 0..<2_000 {
            let first = generator.bytes(32)
            var second = first
            // Many pairs that differ late, where an order by native words would go wrong.
            second[Int.random(in: 0..<32, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            second[Int.random(in: 0..<32, using: &generator)] = UInt8.random(in: 0...255, using: &generator)
            let (left, right) = (try Address(bytes: first), try Address(bytes: second))
            #expect((left < right) == first.lexicographicallyPrecedes(second))
            #expect((left == right) == (first == second))
            #expect((left.hashValue == right.hashValue) == (first == second))
            let hashes = (try Blockhash(bytes: first), try Blockhash(bytes: second))
            #expect((hashes.0 < hashes.1) == first.lexicographicallyPrecedes(second))
            let signatures = (try Signature(bytes: second + first), try Signature(bytes: second + second))
            #expect((signatures.0 < signatures.1) == first.lexicographicallyPrecedes(second))
        }
    }

    @Test("Codable is the base58 text, and hostile texts are a decoding error")
    func codable() throws {
        let address = try Address(bytes: Array(1...32))
        let json = try JSONEncoder().encode([address])
        #expect(String(decoding: json, as: UTF8.self) == "[\"\(address)\"]")
        #expect(try JSONDecoder().decode([Address].self, from: json) == [address])
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode([Address].self, from: Data(#"["11111"]"#.utf8))
        }
    }

    @Test("a value takes no more memory than its bytes")
    func size() {
        #expect(MemoryLayout<Address>.size == 32)
        #expect(MemoryLayout<Blockhash>.size == 32)
        #expect(MemoryLayout<Signature>.size == 64)
    }
}
