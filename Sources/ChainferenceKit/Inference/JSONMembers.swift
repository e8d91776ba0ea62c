/// The members of a JSON object as slices of its text, so that one can be replaced and all others stay byte for byte.
///
/// Foundation's parser judges whether the text is JSON; this only cuts text that it has accepted. Parsing and writing
/// anew instead would reorder the caller's members (the order within a tool's schema reaches the model) and rewrite
/// numbers.
struct JSONMembers {
    private var members: [(key: String, value: ArraySlice<UInt8>)] = []

    /// Cuts a JSON object.
    ///
    /// - Returns: nil when the text is not a JSON object or names a member twice, of which one reader would see the one and
    ///   another reader the other.
    init?(validated text: [UInt8], decodingKey: (ArraySlice<UInt8>) -> String?) {
        var cursor = Cursor(text: text)
        guard cursor.takeStructure(UInt8(ascii: "{")) else { return nil }
        if cursor.takeStructure(UInt8(ascii: "}")) {
            guard cursor.isAtEnd else { return nil }
            return
        }
        var keys: Set<String> = []
        repeat {
            guard let key = cursor.takeValue().flatMap(decodingKey), keys.insert(key).inserted,
                cursor.takeStructure(UInt8(ascii: ":")), let value = cursor.takeValue()
            else { return nil }
            members.append((key, value))
        } while cursor.takeStructure(UInt8(ascii: ","))
        guard cursor.takeStructure(UInt8(ascii: "}")), cursor.isAtEnd else { return nil }
    }

    /// The text of a member's value.
    subscript(key: String) -> ArraySlice<UInt8>? {
        members.first { $0.key == key }?.value
    }

    /// Replaces a member's value in its place, or adds the member at the end; nil removes it.
    mutating func set(_ key: String, to json: [UInt8]?) {
        guard let index = members.firstIndex(where: { $0.key == key }) else {
            if let json { members.append((key, json[...])) }
            return
        }
        if let json { members[index].value = json[...] } else { members.remove(at: index) }
    }

    /// The object's text.
    func text(encodingKey: (String) -> [UInt8]) -> [UInt8] {
        var text: [UInt8] = [UInt8(ascii: "{")]
        for (index, member) in members.enumerated() {
            if index > 0 { text.append(UInt8(ascii: ",")) }
            text += encodingKey(member.key)
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

        var isAtEnd: Bool {
            mutating get {
                skipSpace()
                return position == text.count
            }
        }

        mutating func skipSpace() {
            while position < text.count, [0x20, 0x09, 0x0a, 0x0d].contains(text[position]) { position += 1 }
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
            while end > start, [0x20, 0x09, 0x0a, 0x0d].contains(text[end - 1]) { end -= 1 }
            return end > start ? text[start..<end] : nil
        }
    }
}
