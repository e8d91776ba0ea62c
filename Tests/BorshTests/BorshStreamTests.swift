import Borsh
import Testing

@Suite("Writer and reader")
struct BorshStreamTests {
    @Test("a long value can be sent in pieces")
    func pieces() throws {
        var whole = BorshWriter()
        var writer = BorshWriter()
        var taken: [UInt8] = []
        for number in UInt32(0)..<1_000 {
            try whole.write(number, "number \(number)")
            try writer.write(number, "number \(number)")
            if number % 10 == 9 { taken += writer.takeBytes() }
            #expect(writer.offset == whole.offset)
        }
        #expect(writer.bytes.isEmpty)
        #expect(taken == whole.bytes)
        var reader = BorshReader(taken)
        for number in UInt32(0)..<1_000 {
            let (value, text) = try reader.read(UInt32.self, String.self)
            #expect(value == number && text == "number \(number)")
        }
        try reader.finish()
    }

    @Test("raw bytes and fixed arrays have no count")
    func raw() throws {
        var writer = BorshWriter()
        writer.writeBytes([1, 2, 3])
        try writer.writeFixed([4, 5] as [UInt16])
        try writer.writeFixed([UInt16: Bool]().keys)
        #expect(writer.bytes == [1, 2, 3, 4, 0, 5, 0])
        var reader = BorshReader(writer.bytes)
        #expect(try reader.readBytes(count: 3) == [1, 2, 3])
        #expect(reader.remainingCount == 4)
        #expect(try reader.readFixed(count: 2, of: UInt16.self) == [4, 5])
        try reader.finish()
    }

    @Test("slices are read from their own start")
    func slices() throws {
        let bytes: [UInt8] = [9, 9, 5, 0, 9]
        #expect(try UInt16(borshEncoded: bytes[2..<4]) == 5)
    }

    @Test("inline arrays have their count in their type")
    @available(macOS 26.0, *)
    func inlineArray() throws {
        let array: InlineArray<3, UInt16> = [1, 2, 3]
        let bytes = try array.borshEncoded()
        #expect(bytes == [1, 0, 2, 0, 3, 0])
        let copy = try InlineArray<3, UInt16>(borshEncoded: bytes)
        #expect(copy[0] == 1 && copy[1] == 2 && copy[2] == 3)
        #expect(throws: BorshError(.truncated, "", offset: 0)) { try InlineArray<4, UInt16>(borshEncoded: bytes) }
    }

    @Test("a type may refuse a well-formed value with an error of its own words")
    func refusal() {
        #expect(throws: BorshError(.invalidValue, "", offset: 0)) { try Even(borshEncoded: [3]) }
    }

    private struct Even: BorshDecodable {
        init(borshDecoding reader: inout BorshReader) throws(BorshError) {
            let value = try reader.readInteger(UInt8.self)
            guard value.isMultiple(of: 2) else {
                throw BorshError(.invalidValue, "\(value) is odd", offset: reader.offset - 1)
            }
        }
    }
}

@Suite("Borsh and hostile bytes")
struct BorshFuzzTests {
    private struct Everything: BorshCodable {
        var numbers: [UInt64]
        var wide: [Int128]
        var map: [String: [UInt8]]
        var set: Set<Int16>
        var optional: [Double?]
        var flags: [Bool]
        var nested: [[String]]

        init(using generator: inout some RandomNumberGenerator) {
            func count() -> Int { Int.random(in: 0..<4, using: &generator) }
            numbers = (0..<count()).map { _ in generator.next() }
            wide = (0..<count()).map { _ in Int128(generator.next()) - Int128(generator.next()) }
            map = [:]
            for _ in 0..<count() { map["k\(generator.next() % 9)é"] = (0..<count()).map { UInt8($0) } }
            set = Set((0..<count()).map { _ in Int16.random(in: .min ... .max, using: &generator) })
            optional = (0..<count()).map { _ in Bool.random(using: &generator) ? 1.5 : nil }
            flags = (0..<count()).map { _ in Bool.random(using: &generator) }
            nested = (0..<count()).map { _ in (0..<count()).map { "t\($0)" } }
        }

        func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
            try writer.write(numbers, wide, map, set, optional, flags, nested)
        }

        init(borshDecoding reader: inout BorshReader) throws(BorshError) {
            (numbers, wide, map, set, optional, flags, nested) = try reader.read()
        }
    }

    @Test("a hundred thousand mutations never trap, and what decodes is the only form of its value")
    func mutations() throws {
        var generator = SeededGenerator(seed: 20_261_122)
        var decoded = 0
        for _ in 0..<100_000 {
            var bytes = try Everything(using: &generator).borshEncoded()
            for _ in 0..<Int.random(in: 0...2, using: &generator) where !bytes.isEmpty {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = UInt8.random(in: 0...255, using: &generator)
                case 1: bytes[place] ^= 1 << UInt8.random(in: 0..<8, using: &generator)
                case 2: bytes.removeSubrange(place..<min(place + Int.random(in: 0..<9, using: &generator), bytes.count))
                default: bytes.insert(UInt8.random(in: 0...255, using: &generator), at: place)
                }
            }
            do throws(BorshError) {
                let value = try Everything(borshEncoded: bytes)
                decoded += 1
                if try value.borshEncoded() != bytes { Issue.record("\(bytes)") }
            } catch {
                continue
            }
        }
        #expect(decoded > 30_000)
    }

    @Test("every cut of a value is noticed")
    func truncation() throws {
        var generator = SeededGenerator(seed: 5)
        for _ in 0..<50 {
            let bytes = try Everything(using: &generator).borshEncoded()
            for count in 0..<bytes.count {
                #expect(throws: BorshError.self) { try Everything(borshEncoded: bytes[..<count]) }
            }
        }
    }
}

/// Random numbers that are the same in every run.
private struct SeededGenerator: RandomNumberGenerator {
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
}
