/// The members of a JSON object as slices of its text, so that one can be replaced and all others stay byte for byte.
///
/// Parsing and writing anew instead would rewrite numbers, and blanks that a signature may cover.
public struct JSONMembers: Sendable {
    private var members: [(key: String, value: ArraySlice<UInt8>)] = []

    /// Cuts a JSON object.
    ///
    /// - Parameters:
    ///   - text: The object's JSON.
    ///   - limits: What the text may ask of this reader.
    /// - Throws: What is wrong, as ``JSONValue/init(parsing:limits:)`` says it; something else than an object is wrong too.
    public init(parsing text: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        guard let object = try JSONValue(parsing: text, limits: limits).members else {
            throw JSONError(.mismatch("the value is not an object"))
        }
        self.init(text, of: object)
    }

    /// Cuts the text that `object` was parsed from.
    private init(_ text: [UInt8], of object: JSONObject) {
        var cursor = Cursor(text: text)
        _ = cursor.takeStructure(UInt8(ascii: "{"))
        // The parser has kept the order of the members and refused a second one of the same name.
        for member in object {
            _ = cursor.takeValue()
            _ = cursor.takeStructure(UInt8(ascii: ":"))
            guard let value = cursor.takeValue() else { return }
            members.append((member.key, value))
            _ = cursor.takeStructure(UInt8(ascii: ","))
        }
    }

    /// The text of a member's value.
    public subscript(key: String) -> ArraySlice<UInt8>? {
        members.first { $0.key == key }?.value
    }

    /// Replaces a member's value in its place, or adds the member at the end; nil removes it.
    public mutating func set(_ key: String, to json: [UInt8]?) {
        guard let index = members.firstIndex(where: { $0.key == key }) else {
            if let json { members.append((key, json[...])) }
            return
        }
        if let json { members[index].value = json[...] } else { members.remove(at: index) }
    }

    /// The object's text.
    public var text: [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += JSONValue.string(member.key).serialized()
            text.append(UInt8(ascii: ":"))
            text += member.value
        }
        text.append(UInt8(ascii: "}"))
        return text
    }

    /// A position in valid JSON.
    private struct Cursor {
        let text: [UInt8]
        var position = 0

        init(text: [UInt8]) {
            self.text = text
        }

        private static func isBlank(_ byte: UInt8) -> Bool {
            byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
        }

        mutating func skipSpace() {
            while position < text.count, Self.isBlank(text[position]) { position += 1 }
        }

        mutating func takeStructure(_ byte: UInt8) -> Bool {
            skipSpace()
            guard position < text.count, text[position] == byte else { return false }
            position += 1
            return true
        }

        /// Takes a string, number, word, array or object; nil if there is none.
        mutating func takeValue() -> ArraySlice<UInt8>? {
            skipSpace()
            let start = position
            var depth = 0
            var isInString = false
            while position < text.count {
                let byte = text[position]
                if isInString {
                    if byte == UInt8(ascii: "\\") { position += 1 }
                    if byte == UInt8(ascii: "\"") { isInString = false }
                } else {
                    switch byte {
                    case UInt8(ascii: "\""):
                        isInString = true
                    case UInt8(ascii: "{"), UInt8(ascii: "["):
                        depth += 1
                    case UInt8(ascii: "}"), UInt8(ascii: "]"):
                        if depth == 0 { return value(from: start) }
                        depth -= 1
                    case UInt8(ascii: ","), UInt8(ascii: ":"):
                        if depth == 0 { return value(from: start) }
                    default:
                        break
                    }
                }
                position += 1
            }
            position = min(position, text.count)
            return value(from: start)
        }

        private func value(from start: Int) -> ArraySlice<UInt8>? {
            var end = position
            while end > start, Self.isBlank(text[end - 1]) { end -= 1 }
            return end > start ? text[start..<end] : nil
        }
    }
}
