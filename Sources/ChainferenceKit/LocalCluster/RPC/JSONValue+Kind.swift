import JSON

extension JSONValue {
    /// What kind of value it is, in the words that serde uses in its error messages.
    var kind: String {
        switch self {
        case .null: "null"
        case .bool(let value): "boolean `\(value)`"
        case .unsigned(let value): "integer `\(value)`"
        case .negative(let value): "integer `\(value)`"
        case .double(let value): "floating point `\(value)`"
        case .string(let value): "string \"\(value.prefix(64))\""
        case .array: "sequence"
        case .object: "map"
        }
    }
}
