import JSON

/// Reads JSON bytes, with the limits that answers from strangers need.
enum JSONCoding {
    /// What an answer may ask of this client; its size has been limited before.
    ///
    /// No answer of a node nests a third as deeply. The values leave room for some 190,000 accounts.
    static let limits = JSONLimits(maximumBytes: .max, maximumDepth: 64, maximumNumberLength: 64)

    /// Decodes a value from JSON text.
    ///
    /// - Throws: `MalformedJSON`, always with a short reason.
    static func decode<Value: Decodable>(
        _ type: Value.Type = Value.self,
        from bytes: [UInt8]
    ) throws(MalformedJSON) -> Value {
        do throws(JSONError) {
            return try JSONValue(parsing: bytes, limits: limits).decode(type)
        } catch {
            throw MalformedJSON(reason: "\(error)", bytes: bytes)
        }
    }
}

/// JSON text that does not say what it should; carries the beginning of the text, fit to be printed.
struct MalformedJSON: Error, Hashable {
    let reason: String
    let excerpt: String

    init(reason: String, bytes: [UInt8]) {
        self.reason = reason
        excerpt = JSONValue.excerpt(of: bytes)
    }
}
