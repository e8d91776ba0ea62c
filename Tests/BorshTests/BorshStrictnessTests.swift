import Borsh
import Testing

/// What decoding throws.
private func code<Value: BorshDecodable>(_ type: Value.Type, _ bytes: [UInt8]) -> BorshError.Code? {
    do throws(BorshError) {
        _ = try Value(borshEncoded: bytes)
        return nil
    } catch {
        return error.code
    }
}

@Suite("Strict decoding")
struct BorshStrictnessTests {
    @Test("tags other than 0 and 1 are refused")
    func tags() {
        for tag in UInt8(2)...255 {
            #expect(code(Bool.self, [tag]) == .invalidTag)
            #expect(code(UInt8?.self, [tag, 0]) == .invalidTag)
            #expect(code(Result<UInt8, Failure>.self, [tag, 0]) == .invalidTag)
        }
    }

    @Test("cases that an enum does not have are refused")
    func variants() throws {
        #expect(try Colour(borshEncoded: [1]) == .blue)
        #expect(try Colour.blue.borshEncoded() == [1])
        #expect(code(Colour.self, [0]) == .invalidVariant)
        #expect(code(Colour.self, [2]) == .invalidVariant)
        #expect(code(Colour.self, []) == .truncated)
        var reader = BorshReader([3])
        #expect(throws: BorshError(.invalidVariant, "", offset: 0)) { try reader.readVariant(count: 3) }
    }

    @Test("NaN is refused both ways, in every form")
    func notANumber() {
        for bits: UInt32 in [0x7fc0_0000, 0x7f80_0001, 0xffc0_0000, 0xffff_ffff] {
            #expect(code(Float.self, (0..<4).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }) == .notANumber)
            #expect(throws: BorshError(.notANumber, "", offset: 0)) { try Float(bitPattern: bits).borshEncoded() }
        }
        for bits: UInt64 in [0x7ff8_0000_0000_0000, 0x7ff0_0000_0000_0001, 0xffff_ffff_ffff_ffff] {
            #expect(code(Double.self, (0..<8).map { UInt8(truncatingIfNeeded: bits >> (8 * $0)) }) == .notANumber)
            #expect(throws: BorshError(.notANumber, "", offset: 0)) { try Double(bitPattern: bits).borshEncoded() }
        }
        #expect(throws: BorshError(.notANumber, "", offset: 0)) { try [1.0, .nan].borshEncoded() }
    }

    @Test("strings that are no UTF-8 are refused, never repaired")
    func invalidUTF8() {
        for bytes: [UInt8] in [
            [0xff], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80], [0xe2, 0x82], [0x80],
        ] {
            #expect(code(String.self, [UInt8(bytes.count), 0, 0, 0] + bytes) == .invalidUTF8)
        }
    }

    @Test("a string keeps its form: no normalisation")
    func forms() throws {
        let text = try String(borshEncoded: [3, 0, 0, 0, 0x65, 0xcc, 0x81])
        #expect(Array(text.utf8) == [0x65, 0xcc, 0x81])
        #expect(try text.borshEncoded() == [3, 0, 0, 0, 0x65, 0xcc, 0x81])
    }

    @Test("keys must ascend, in the order of the Rust types")
    func keys() throws {
        #expect(code(Set<UInt16>.self, [2, 0, 0, 0, 1, 0, 0, 1]) == nil)  // 1, 256: not the order of the bytes
        #expect(code(Set<UInt16>.self, [2, 0, 0, 0, 0, 1, 1, 0]) == .unorderedKeys)
        #expect(code(Set<UInt16>.self, [2, 0, 0, 0, 1, 0, 1, 0]) == .duplicateKey)
        #expect(code(Set<Int8>.self, [2, 0, 0, 0, 0xff, 0]) == nil)  // -1, 0
        #expect(code(Set<Int8>.self, [2, 0, 0, 0, 0, 0xff]) == .unorderedKeys)
        #expect(code(Set<Bool>.self, [2, 0, 0, 0, 0, 1]) == nil)
        #expect(code(Set<Bool>.self, [2, 0, 0, 0, 1, 0]) == .unorderedKeys)
        #expect(code([UInt8: UInt8].self, [2, 0, 0, 0, 1, 9, 2, 9]) == nil)
        #expect(code([UInt8: UInt8].self, [2, 0, 0, 0, 2, 9, 1, 9]) == .unorderedKeys)
        #expect(code([UInt8: UInt8].self, [2, 0, 0, 0, 1, 9, 1, 8]) == .duplicateKey)
        // "aa" comes before "b" although its count comes after.
        #expect(try Set(["b", "aa"]).borshEncoded() == [2, 0, 0, 0, 2, 0, 0, 0, 97, 97, 1, 0, 0, 0, 98])
        let lists: [UInt8] = [3, 0, 0, 0, 1, 0, 0, 0, 1, 2, 0, 0, 0, 1, 9, 1, 0, 0, 0, 2]
        #expect(try Set<[UInt8]>([[2], [1, 9], [1]]).borshEncoded() == lists)
        #expect(try Set<UInt8?>([3, nil]).borshEncoded() == [2, 0, 0, 0, 0, 1, 3])
    }

    @Test("texts order by their bytes, not by Swift's rules")
    func textOrder() throws {
        // Swift orders "e\u{301}" as "é" (after "z" by bytes, between "e" and "f" by its own rules).
        let bytes = try Set(["z", "e\u{301}", "ea"]).borshEncoded()
        let first: [UInt8] = [2, 0, 0, 0, 0x65, 0x61]
        let second: [UInt8] = [3, 0, 0, 0, 0x65, 0xcc, 0x81]
        let third: [UInt8] = [1, 0, 0, 0, 0x7a]
        let expected: [UInt8] = [3, 0, 0, 0] + first + second + third
        #expect(bytes == expected)
        #expect(try Set<String>(borshEncoded: bytes).count == 3)
        // A fullwidth letter comes after a character beyond the basic plane in UTF-16, before it in UTF-8.
        let astral = try Set(["\u{10000}", "\u{ff5e}"]).borshEncoded()
        #expect(astral == [2, 0, 0, 0, 3, 0, 0, 0, 0xef, 0xbd, 0x9e, 4, 0, 0, 0, 0xf0, 0x90, 0x80, 0x80])
    }

    @Test("two forms of one text cannot both be keys: a typed error, no trap")
    func equivalentKeys() {
        let composed: [UInt8] = [2, 0, 0, 0, 0xc3, 0xa9]
        let decomposed: [UInt8] = [3, 0, 0, 0, 0x65, 0xcc, 0x81]
        #expect(code(Set<String>.self, [2, 0, 0, 0] + decomposed + composed) == .duplicateKey)
        #expect(code([String: UInt8].self, [2, 0, 0, 0] + decomposed + [1] + composed + [2]) == .duplicateKey)
    }

    @Test("counts beyond what is left allocate nothing and are refused")
    func hugeCounts() {
        for count: [UInt8] in [[0xff, 0xff, 0xff, 0xff], [0, 0, 0, 0x80], [9, 0, 0, 0]] {
            #expect(code([UInt8].self, count + [1, 2]) == .truncated)
            #expect(code([UInt64].self, count + [1, 2]) == .truncated)
            #expect(code([UInt128].self, count + [1, 2]) == .truncated)
            #expect(code([String].self, count + [1, 2]) == .truncated)
            #expect(code(String.self, count + [1, 2]) == .truncated)
            #expect(code([String: [UInt8]].self, count + [1, 2]) == .truncated)
            #expect(code(Set<UInt32>.self, count + [1, 2]) == .truncated)
            #expect(code([[[UInt8]]].self, count + [1, 2]) == .truncated)
        }
        // As many as there are bytes, but wider ones.
        #expect(code([UInt64].self, [8, 0, 0, 0] + [UInt8](repeating: 1, count: 63)) == .truncated)
        var reader = BorshReader([1, 2, 3])
        #expect(throws: BorshError(.truncated, "", offset: 0)) { try reader.readBytes(count: -1) }
        #expect(throws: BorshError(.truncated, "", offset: 0)) { try reader.readBytes(count: .max) }
        #expect(throws: BorshError(.truncated, "", offset: 0)) { try reader.readFixed(count: -1, of: UInt8.self) }
    }

    @Test("elements of no bytes are refused both ways: a count of four billion of them would cost nothing to send")
    func zeroSizedElements() throws {
        #expect(code([BorshUnit].self, [0xff, 0xff, 0xff, 0xff]) == .truncated)
        #expect(code([BorshUnit].self, [1, 0, 0, 0, 9]) == .zeroSizedElement)
        #expect(code([BorshUnit].self, [0, 0, 0, 0]) == nil)
        #expect(throws: BorshError(.zeroSizedElement, "", offset: 0)) { try [BorshUnit()].borshEncoded() }
        #expect(try BorshUnit().borshEncoded().isEmpty)
        #expect(try [BorshUnit()].first.borshEncoded() == [1])
        // A fixed array has its count in its type, so that nobody can lie about it.
        var reader = BorshReader([])
        #expect(try reader.readFixed(count: 3, of: BorshUnit.self).count == 3)
    }

    @Test("nesting is bounded both ways")
    func depth() throws {
        #expect(try Tree(depth: 40).borshEncoded().count == 40 * 4 + 4)
        #expect(throws: BorshError(.tooDeep, "", offset: 0)) { try Tree(depth: 200).borshEncoded() }
        // A million levels in a few megabytes: refused long before the stack ends.
        let bytes = [UInt8](repeating: 0, count: 4_000_000).enumerated().map { $0.offset % 4 == 0 ? UInt8(1) : 0 }
        #expect(code(Tree.self, bytes) == .tooDeep)
        #expect(code(Int8??????.self, [1, 1, 1, 1, 1, 1, 5]) == nil)
        var reader = BorshReader([1, 1, 5], maximumDepth: 2)
        #expect(throws: BorshError(.tooDeep, "", offset: 0)) { try reader.read(Int8??.self) }
    }

    @Test("errors are equal if their codes are, and say where")
    func errors() {
        #expect(BorshError(.truncated, "a", offset: 1) == BorshError(.truncated, "b", offset: 2))
        #expect(BorshError(.truncated, "a", offset: 1) != BorshError(.tooDeep, "a", offset: 1))
        #expect("\(BorshError(.invalidValue, "the price is zero", offset: 7))" == "the price is zero, at byte 7")
    }
}

private struct Failure: Error, BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) { writer.writeVariant(0) }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) { _ = try reader.readVariant(count: 1) }
}

private enum Colour: UInt8, BorshCodable {
    case blue = 1
    case red = 7
}

/// A type that contains itself.
private struct Tree: BorshCodable {
    var children: [Tree]

    init(depth: Int) {
        children = depth == 0 ? [] : [Tree(depth: depth - 1)]
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(children)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        children = try reader.read()
    }
}
