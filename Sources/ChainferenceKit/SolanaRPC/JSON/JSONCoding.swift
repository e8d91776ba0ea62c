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
        try checkDepth(bytes)
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

    /// Refuses text that is nested deeper than `maximumDepth`, in one pass and without allocating.
    ///
    /// Brackets inside of strings do not count. The text need not be valid JSON; the decoder decides on that.
    static func checkDepth(_ bytes: [UInt8]) throws(MalformedJSON) {
        var depth = 0
        var isInString = false
        var isEscaped = false
        var isTooDeep = false
        bytes.withUnsafeBufferPointer { bytes in
            for byte in bytes {
                if isInString {
                    if isEscaped {
                        isEscaped = false
                    } else if byte == UInt8(ascii: "\\") {
                        isEscaped = true
                    } else if byte == UInt8(ascii: "\"") {
                        isInString = false
                    }
                    continue
                }
                switch byte {
                case UInt8(ascii: "\""): isInString = true
                case UInt8(ascii: "["), UInt8(ascii: "{"):
                    depth += 1
                    if depth > maximumDepth {
                        isTooDeep = true
                        return
                    }
                case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= 1
                default: break
                }
            }
        }
        if isTooDeep { throw MalformedJSON(reason: "nested deeper than \(maximumDepth) levels", bytes: bytes) }
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
