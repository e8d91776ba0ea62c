/// How JSON text is laid out.
public enum JSONStyle: Sendable, Hashable {
    /// Without blanks.
    case compact
    /// A member and an element per line, indented by two spaces; arrays of numbers and strings alone stay on one line.
    case indented
}

extension JSONValue {
    /// The value's JSON text in UTF-8; members come in their object's order.
    ///
    /// Numbers that JSON has no text for (not a number, the infinities) are written as `null`.
    public func serialized(_ style: JSONStyle = .compact) -> [UInt8] {
        var writer = JSONWriter(style: style)
        writer.write(self, indentation: 0)
        return writer.text
    }
}

/// Writes one JSON text.
private struct JSONWriter {
    let style: JSONStyle
    var text: [UInt8] = []

    mutating func write(_ value: JSONValue, indentation: Int) {
        switch value {
        case .null: write("null")
        case .bool(let value): write(value ? "true" : "false")
        case .unsigned(let value): write("\(value)")
        case .negative(let value): write("\(value)")
        case .double(let value): write(value.isFinite ? "\(value)" : "null")
        case .string(let value): write(quoting: value)
        case .array(let elements):
            let isOneLine = style == .compact || elements.allSatisfy(\.isPlain)
            write(list: elements, "[", "]", isOneLine: isOneLine, indentation) { writer, element, inner in
                writer.write(element, indentation: inner)
            }
        case .object(let members):
            write(list: members, "{", "}", isOneLine: style == .compact, indentation) { writer, member, inner in
                writer.write(quoting: member.key)
                writer.write(writer.style == .compact ? ":" : ": ")
                writer.write(member.value, indentation: inner)
            }
        }
    }

    private mutating func write<Elements: Collection>(
        list elements: Elements,
        _ opening: String,
        _ closing: String,
        isOneLine: Bool,
        _ indentation: Int,
        element write: (inout Self, Elements.Element, Int) -> Void
    ) {
        self.write(opening)
        let inner = isOneLine ? indentation : indentation + 2
        var isFirst = true
        for element in elements {
            if !isFirst { self.write(isOneLine && style == .indented ? ", " : ",") }
            if !isOneLine { breakLine(inner) }
            isFirst = false
            write(&self, element, inner)
        }
        if !isOneLine, !isFirst { breakLine(indentation) }
        self.write(closing)
    }

    private mutating func breakLine(_ indentation: Int) {
        text.append(0x0A)
        text.append(contentsOf: repeatElement(0x20, count: indentation))
    }

    private mutating func write(_ string: String) { text.append(contentsOf: string.utf8) }

    private mutating func write(quoting string: String) {
        text.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"):
                text.append(UInt8(ascii: "\\"))
                text.append(byte)
            case 0x0A: write("\\n")
            case 0x0D: write("\\r")
            case 0x09: write("\\t")
            case 0..<0x20, 0x7F:
                let digits = String(byte, radix: 16)
                write("\\u" + String(repeating: "0", count: 4 - digits.count) + digits)
            default: text.append(byte)
            }
        }
        text.append(UInt8(ascii: "\""))
    }
}

extension JSONValue {
    /// Whether the indented form keeps arrays of such values on one line.
    fileprivate var isPlain: Bool {
        switch self {
        case .unsigned, .negative, .double, .string: true
        case .null, .bool, .array, .object: false
        }
    }
}

extension JSONValue: CustomStringConvertible {
    /// The compact JSON text.
    public var description: String { String(decoding: serialized(), as: UTF8.self) }
}
