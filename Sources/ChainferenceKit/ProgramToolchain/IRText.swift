/// LLVM's textual intermediate representation as lines of bytes.
///
/// Bytes, not characters: the text is large, ASCII where it matters, and segmenting it into characters is slow.
struct IRText {
    typealias Line = ArraySlice<UInt8>
    let lines: [Line]

    init(_ text: String) {
        lines = Array(text.utf8).split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
    }

    static func string(_ lines: [Line]) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(lines.reduce(0) { $0 + $1.count + 1 })
        for line in lines {
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension ArraySlice<UInt8> {
    /// The bytes of a text.
    init(_ text: String) { self = ArraySlice(Array(text.utf8)) }

    var text: String { String(decoding: self, as: UTF8.self) }

    func hasPrefix(_ prefix: StaticString) -> Bool {
        let length = prefix.utf8CodeUnitCount
        guard count >= length else { return false }
        for index in 0..<length where self[startIndex + index] != prefix.utf8Start[index] { return false }
        return true
    }

    /// Where `pattern` first occurs at or after `start`.
    func firstRange(of pattern: StaticString, from start: Int? = nil) -> Range<Int>? {
        let length = pattern.utf8CodeUnitCount
        let first = pattern.utf8Start[0]
        var index = start ?? startIndex
        while index + length <= endIndex {
            if self[index] == first, self[index...].hasPrefix(pattern) { return index..<(index + length) }
            index += 1
        }
        return nil
    }

    /// Where `pattern` last occurs.
    func lastRange(of pattern: StaticString) -> Range<Int>? {
        let length = pattern.utf8CodeUnitCount
        var index = endIndex - length
        while index >= startIndex {
            if self[index...].hasPrefix(pattern) { return index..<(index + length) }
            index -= 1
        }
        return nil
    }

    var trimmed: ArraySlice<UInt8> {
        let space = UInt8(ascii: " ")
        guard let first = firstIndex(where: { $0 != space }), let last = lastIndex(where: { $0 != space }) else {
            return self[startIndex..<startIndex]
        }
        return self[first...last]
    }

    /// The words, at single spaces outside of quotes and brackets.
    func split(atTopLevel separator: UInt8) -> [ArraySlice<UInt8>] {
        var parts: [ArraySlice<UInt8>] = []
        var depth = 0
        var quoted = false
        var start = startIndex
        for index in indices {
            switch self[index] {
            case UInt8(ascii: "\""): quoted.toggle()
            case _ where quoted: break
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"), UInt8(ascii: "<"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ">"): depth -= 1
            case separator where depth == 0:
                parts.append(self[start..<index])
                start = index + 1
            default: break
            }
        }
        parts.append(self[start..<endIndex])
        return parts
    }

    /// The index of the bracket that closes the one at `opening`.
    func closingBracket(of opening: Int) -> Int? {
        var depth = 0
        var quoted = false
        for index in opening..<endIndex {
            switch self[index] {
            case UInt8(ascii: "\""): quoted.toggle()
            case _ where quoted: break
            case UInt8(ascii: "("), UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: ")"), UInt8(ascii: "]"), UInt8(ascii: "}"):
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
        }
        return nil
    }

    /// The value of an operand such as `i64 range(i64 0, 9) %x`, without its type and attributes.
    var operandValue: ArraySlice<UInt8> {
        let words = split(atTopLevel: UInt8(ascii: " "))
        guard let last = words.last else { return self }
        // A constant expression: its operands in brackets, before them perhaps flags, before them its name.
        if last.first == UInt8(ascii: "("),
            let name = words.last(where: { Self.constantExpressions.contains($0.text) })
        {
            return self[name.startIndex...]
        }
        return last
    }

    private static var constantExpressions: Set<String> {
        ["getelementptr", "inttoptr", "ptrtoint", "bitcast", "addrspacecast", "trunc", "add", "sub", "mul", "xor"]
    }

    /// The name after the `@` at `index`, without quotes, and where it ends.
    func globalName(at index: Int) -> (name: ArraySlice<UInt8>, end: Int)? {
        let start = index + 1
        guard start < endIndex, self[index] == UInt8(ascii: "@") else { return nil }
        if self[start] == UInt8(ascii: "\"") {
            guard let end = self[(start + 1)...].firstIndex(of: UInt8(ascii: "\"")) else { return nil }
            return (self[(start + 1)..<end], end + 1)
        }
        let end = self[start...].firstIndex { !$0.isNameByte }
        return (self[start..<(end ?? endIndex)], end ?? endIndex)
    }
}

extension UInt8 {
    /// Whether names may contain the byte without quotes.
    var isNameByte: Bool {
        switch self {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "$"),
            UInt8(ascii: "-"):
            true
        default: false
        }
    }
}
