import JSON

/// Puts an object together and leaves out what is empty, as Anchor does.
extension JSONObject {
    mutating func add(_ key: String, _ value: JSONValue) { self[key] = value }

    mutating func add(_ key: String, _ value: String) { add(key, .string(value)) }

    mutating func add(_ key: String, ifTrue value: Bool) {
        if value { add(key, .bool(true)) }
    }

    mutating func add(_ key: String, ifAny lines: [String]) {
        if !lines.isEmpty { add(key, .array(lines.map(JSONValue.string))) }
    }

    /// The text of a file that contains this object alone.
    var document: String { String(decoding: JSONValue.object(self).serialized(.indented), as: UTF8.self) + "\n" }
}
