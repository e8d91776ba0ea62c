#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// JSON text as bytes.
enum JSON {
    /// Encodes a value; members come in a fixed order, and slashes are not escaped.
    static func encode(_ value: some Encodable) throws -> [UInt8] {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.withoutEscapingSlashes, .sortedKeys]
        return Array(try encoder.encode(value))
    }

    /// A string's JSON text.
    static func text(of string: String) -> [UInt8] {
        // A string always encodes.
        (try? encode(string)) ?? Array("\"\"".utf8)
    }
}

extension KeyedDecodingContainer {
    /// A member's value, or nil when it is absent, null or of another type.
    ///
    /// Absence is the usual case and is found out without throwing, which would cost more than all the parsing.
    func lenient<Value: Decodable>(_ type: Value.Type, _ key: Key) -> Value? {
        (try? decodeIfPresent(type, forKey: key)) ?? nil
    }
}
