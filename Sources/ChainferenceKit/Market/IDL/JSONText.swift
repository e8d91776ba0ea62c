/// JSON with its keys in a chosen order, so that a generated file changes only where its contents do.
enum JSONText {
    case bool(Bool)
    case number(UInt64)
    case string(String)
    case array([JSONText])
    case object([(key: String, value: JSONText)])

    /// The text, indented by two spaces; arrays of plain numbers stay on one line.
    var text: String {
        var output = ""
        write(to: &output, indentation: 0)
        return output + "\n"
    }

    private func write(to output: inout String, indentation: Int) {
        switch self {
        case .bool(let value): output += value ? "true" : "false"
        case .number(let value): output += "\(value)"
        case .string(let value): Self.write(value, to: &output)
        case .array(let elements) where elements.allSatisfy(\.isPlain):
            output += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { output += ", " }
                element.write(to: &output, indentation: 0)
            }
            output += "]"
        case .array(let elements):
            Self.write("[", "]", elements.map { (nil, $0) }, to: &output, indentation)
        case .object(let members):
            Self.write("{", "}", members.map { ($0.key, $0.value) }, to: &output, indentation)
        }
    }

    private static func write(
        _ opening: String,
        _ closing: String,
        _ members: [(key: String?, value: JSONText)],
        to output: inout String,
        _ indentation: Int
    ) {
        guard !members.isEmpty else {
            output += opening + closing
            return
        }
        let inner = String(repeating: " ", count: indentation + 2)
        output += opening
        for (index, member) in members.enumerated() {
            output += index == 0 ? "\n" + inner : ",\n" + inner
            if let key = member.key {
                write(key, to: &output)
                output += ": "
            }
            member.value.write(to: &output, indentation: indentation + 2)
        }
        output += "\n" + String(repeating: " ", count: indentation) + closing
    }

    private static func write(_ string: String, to output: inout String) {
        output += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }

    /// A number, or a short array of a type and a number.
    private var isPlain: Bool {
        switch self {
        case .number, .string: true
        default: false
        }
    }
}

/// Puts a JSON object together and leaves out what is empty, as Anchor does.
struct JSONMembers {
    private(set) var members: [(key: String, value: JSONText)] = []

    mutating func add(_ key: String, _ value: JSONText) { members.append((key, value)) }

    mutating func add(_ key: String, _ value: String) { add(key, .string(value)) }

    mutating func add(_ key: String, ifTrue value: Bool) {
        if value { add(key, .bool(true)) }
    }

    mutating func add(_ key: String, ifAny lines: [String]) {
        if !lines.isEmpty { add(key, .array(lines.map(JSONText.string))) }
    }

    var object: JSONText { .object(members) }
}
