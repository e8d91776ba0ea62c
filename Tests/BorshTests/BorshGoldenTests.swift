import Borsh
import Foundation
import Testing

@Suite("Borsh against borsh-construct")
struct BorshGoldenTests {
    @Test("every value encodes to the same bytes and comes back")
    func golden() throws {
        let url = try #require(Bundle.module.url(forResource: "borsh", withExtension: "json", subdirectory: "Golden"))
        let items = try JSONDecoder().decode([GoldenItem].self, from: Data(contentsOf: url))
        #expect(items.count > 350)
        for item in items { try item.check() }
    }
}

/// A line of the file: what it is, the value as JSON, the bytes.
private struct GoldenItem: Decodable {
    let name: String
    let value: JSON
    let bytes: [UInt8]

    init(from decoder: any Decoder) throws {
        var container = try decoder.unkeyedContainer()
        name = try container.decode(String.self)
        value = try container.decode(JSON.self)
        bytes = Array(Data(base64Encoded: try container.decode(String.self)) ?? Data())
    }

    private func same<Value: BorshCodable & Equatable>(_ value: Value) throws {
        #expect(try value.borshEncoded() == bytes, "\(name) \(value)")
        #expect(try Value(borshEncoded: bytes) == value, "\(name)")
        // Every cut is noticed, and so is a byte too many.
        for count in 0..<min(bytes.count, 40) {
            #expect(throws: BorshError.self, "\(name)") { try Value(borshEncoded: bytes[..<count]) }
        }
        #expect(throws: BorshError(.trailingBytes, "", offset: 0)) { try Value(borshEncoded: bytes + [0]) }
    }

    private func integers<Value: FixedWidthInteger & BorshCodable & BorshKey>(_ type: Value.Type) throws {
        if name.hasPrefix("vec_") {
            try same(value.array.map { try $0.number(Value.self) })
        } else if name.hasPrefix("set_") {
            try same(Set(value.array.map { try $0.number(Value.self) }))
        } else {
            try same(value.number(Value.self))
        }
    }

    func check() throws {
        switch name.split(separator: "_").last.map(String.init) ?? "" {
        case "u8": return try integers(UInt8.self)
        case "i8": return try integers(Int8.self)
        case "u16" where name != "array3_u16": return try integers(UInt16.self)
        case "i16": return try integers(Int16.self)
        case "u32" where name != "option_u32": return try integers(UInt32.self)
        case "i32": return try integers(Int32.self)
        case "u64" where name != "map_string_u64": return try integers(UInt64.self)
        case "i64": return try integers(Int64.self)
        case "u128": return try integers(UInt128.self)
        case "i128": return try integers(Int128.self)
        default: break
        }
        switch name {
        case "f32": try same(Float(bitPattern: value.number()))
        case "f64": try same(Double(bitPattern: value.number()))
        case "bool": try same(value.bool)
        case "string": try same(value.text)
        case "vec_string": try same(value.array.map { try $0.text })
        case "set_string": try same(Set(value.array.map { try $0.text }))
        case "option_u32": try same(value.array.first.map { try $0.number(UInt32.self) })
        case "vec_option_string": try same(value.array.map { $0 == .null ? nil : try $0.text })
        case "array3_u16": try same(Three(values: value.array.map { try $0.number() }))
        case "tuple":
            let fields = try value.array
            try same(Fields(number: fields[0].number(), text: fields[1].text, flag: fields[2].bool))
        case "map_string_u64":
            try same(
                Dictionary(
                    uniqueKeysWithValues: value.array.map {
                        (try $0.array[0].text, try $0.array[1].number(UInt64.self))
                    }
                )
            )
        case "map_i32_string":
            try same(
                Dictionary(
                    uniqueKeysWithValues: value.array.map { (try $0.array[0].number(Int32.self), try $0.array[1].text) }
                )
            )
        case "bytes": try same(Array(try #require(Data(base64Encoded: value.text))))
        case "shape": try same(Shape(value.array))
        case "listing": try same(Listing(value.object))
        case "result":
            let field = try value.array[0]
            let result: Result<UInt64, Text> =
                if let number = try? field.number(UInt64.self) { .success(number) } else {
                    .failure(Text(text: try field.text))
                }
            try same(result)
        default: Issue.record("unknown item \(name)")
        }
    }
}

// MARK: Types of a user's own

/// A fixed array.
private struct Three: BorshCodable, Equatable {
    let values: [UInt16]

    init(values: [UInt16]) {
        self.values = values
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.writeFixed(values)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        values = try reader.readFixed(count: 3)
    }
}

private struct Fields: BorshCodable, Equatable {
    var number: UInt8
    var text: String
    var flag: Bool

    init(number: UInt8, text: String, flag: Bool) {
        (self.number, self.text, self.flag) = (number, text, flag)
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(number, text, flag)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (number, text, flag) = try reader.read()
    }
}

private struct Text: BorshCodable, Equatable, Error {
    let text: String

    init(text: String) {
        self.text = text
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(text)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        text = try reader.read()
    }
}

private enum Shape: BorshCodable, Equatable {
    case empty
    case circle(UInt32)
    case pair(UInt8, String)

    init(_ fields: [JSON]) throws {
        switch try fields[0].text {
        case "empty": self = .empty
        case "circle": self = .circle(try fields[1].number())
        default: self = .pair(try fields[1].number(), try fields[2].text)
        }
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        switch self {
        case .empty: writer.writeVariant(0)
        case .circle(let radius):
            writer.writeVariant(1)
            try writer.write(radius)
        case .pair(let number, let text):
            writer.writeVariant(2)
            try writer.write(number, text)
        }
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        switch try reader.readVariant(count: 3) {
        case 0: self = .empty
        case 1: self = .circle(try reader.read())
        default:
            let (number, text) = try reader.read(UInt8.self, String.self)
            self = .pair(number, text)
        }
    }
}

private struct Listing: BorshCodable, Equatable {
    let model: String
    let price: UInt64
    let tags: [String]
    let limits: [String: Int64?]
    let shape: Shape

    init(_ json: [String: JSON]) throws {
        func field(_ name: String) throws -> JSON { try #require(json[name]) }
        model = try field("model").text
        price = try field("price").number()
        tags = try field("tags").array.map { try $0.text }
        limits = try Dictionary(
            uniqueKeysWithValues: field("limits").array.map { pair in
                let fields = try pair.array
                return (try fields[0].text, fields[1] == .null ? nil : try fields[1].number(Int64.self))
            }
        )
        shape = .circle(try field("radius").number())
    }

    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(model, price, tags, limits, shape)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (model, price, tags, limits, shape) = try reader.read()
    }
}

// MARK: JSON of the file

private enum JSON: Decodable, Equatable {
    case null
    case flag(Bool)
    case string(String)
    case list([JSON])
    case map([String: JSON])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if container.decodeNil() {
            self = .null
        } else if let value = try? container.decode(Bool.self) {
            self = .flag(value)
        } else if let value = try? container.decode(String.self) {
            self = .string(value)
        } else if let value = try? container.decode([JSON].self) {
            self = .list(value)
        } else {
            self = .map(try container.decode([String: JSON].self))
        }
    }

    var bool: Bool {
        get throws {
            guard case .flag(let value) = self else { throw Misfit() }
            return value
        }
    }

    var text: String {
        get throws {
            guard case .string(let value) = self else { throw Misfit() }
            return value
        }
    }

    var array: [JSON] {
        get throws {
            guard case .list(let value) = self else { throw Misfit() }
            return value
        }
    }

    var object: [String: JSON] {
        get throws {
            guard case .map(let value) = self else { throw Misfit() }
            return value
        }
    }

    func number<Value: FixedWidthInteger>(_ type: Value.Type = Value.self) throws -> Value {
        guard let value = Value(try text) else { throw Misfit() }
        return value
    }

    struct Misfit: Error {}
}
