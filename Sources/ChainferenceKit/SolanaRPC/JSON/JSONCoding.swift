#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// Reads and writes JSON bytes, with the limits that answers from strangers need.
enum JSONCoding {
    /// Deeper than any answer of a Solana node; far less than what a recursive parser survives.
    static let maximumDepth = 64

    /// Decodes a value from JSON text.
    ///
    /// - Throws: `MalformedJSON`, always with a short reason.
    static func decode<Value: Decodable>(_ type: Value.Type, from bytes: [UInt8]) throws(MalformedJSON) -> Value {
        try checkLimits(bytes)
        do {
            return try JSONDecoder().decode(type, from: Data(bytes))
        } catch let error as DecodingError {
            throw MalformedJSON(reason: describe(error), bytes: bytes)
        } catch {
            throw MalformedJSON(reason: "\(error)", bytes: bytes)
        }
    }

    /// Encodes a value as compact JSON text whose members are in a fixed order.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return [UInt8](try encoder.encode(value))
    }

    /// Longer than any number in an answer of a Solana node; the decoder's time grows with the square of the length.
    static let maximumNumberLength = 64

    /// Refuses text that is nested too deeply or has too long a number, in one pass and without allocating.
    ///
    /// What stands inside of strings does not count. The text need not be valid JSON; the decoder decides on that.
    static func checkLimits(_ bytes: [UInt8]) throws(MalformedJSON) {
        var scan = LimitScan()
        let problem = bytes.withUnsafeBufferPointer { bytes -> String? in
            for byte in bytes {
                if let problem = scan.take(byte) { return problem }
            }
            return nil
        }
        if let problem { throw MalformedJSON(reason: problem, bytes: bytes) }
    }

    private static func describe(_ error: DecodingError) -> String {
        func path(_ context: DecodingError.Context) -> String {
            let parts = context.codingPath.map { key in key.intValue.map { "[\($0)]" } ?? key.stringValue }
            return parts.isEmpty ? "the answer" : parts.joined(separator: ".")
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "\(path(context)) has no “\(key.stringValue)”"
        case .typeMismatch(let type, let context):
            return "\(path(context)) is not of type \(type)"
        case .valueNotFound(let type, let context):
            return "\(path(context)) is null instead of \(type)"
        case .dataCorrupted(let context):
            return "\(path(context)): \(context.debugDescription)"
        @unknown default:
            return "undecodable"
        }
    }
}

/// Follows JSON text just closely enough to count its nesting and the length of its numbers.
private struct LimitScan {
    private var depth = 0
    private var numberLength = 0
    private var isInString = false
    private var isEscaped = false

    /// Takes the next byte; returns what is wrong with it, if anything.
    mutating func take(_ byte: UInt8) -> String? {
        if isInString {
            if isEscaped {
                isEscaped = false
            } else if byte == UInt8(ascii: "\\") {
                isEscaped = true
            } else if byte == UInt8(ascii: "\"") {
                isInString = false
            }
            return nil
        }
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "+"),
            UInt8(ascii: "e"), UInt8(ascii: "E"):
            numberLength += 1
            guard numberLength <= JSONCoding.maximumNumberLength else {
                return "a number of more than \(JSONCoding.maximumNumberLength) characters"
            }
            return nil
        case UInt8(ascii: "\""):
            isInString = true
        case UInt8(ascii: "["), UInt8(ascii: "{"):
            depth += 1
            guard depth <= JSONCoding.maximumDepth else {
                return "nested deeper than \(JSONCoding.maximumDepth) levels"
            }
        case UInt8(ascii: "]"), UInt8(ascii: "}"):
            depth -= 1
        default:
            break
        }
        numberLength = 0
        return nil
    }
}

/// JSON text that does not say what it should; carries the beginning of the text, fit to be printed.
struct MalformedJSON: Error, Hashable {
    let reason: String
    let excerpt: String

    init(reason: String, bytes: [UInt8]) {
        self.reason = reason
        excerpt = Self.excerpt(of: bytes)
    }

    /// The first characters of a text, without anything that could confuse a terminal or a log.
    static func excerpt(of bytes: [UInt8], limit: Int = 160) -> String {
        let printable = String(decoding: bytes.prefix(limit), as: UTF8.self)
            .unicodeScalars.map { scalar in
                switch scalar.properties.generalCategory {
                case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned: Character(" ")
                default: Character(scalar)
                }
            }
        return String(printable) + (bytes.count > limit ? "…" : "")
    }
}
