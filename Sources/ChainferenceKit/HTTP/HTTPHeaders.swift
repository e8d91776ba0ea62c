/// Header fields in the order in which they were added; names are compared without regard to case.
public struct HTTPHeaders: Sendable {
    /// One name and its value.
    public struct Field: Hashable, Sendable {
        /// The name as it was given.
        public let name: String
        /// The value, without surrounding white space.
        public let value: String

        /// Makes a field; the value is trimmed of spaces and tabs.
        public init(name: String, value: String) {
            self.name = name
            self.value = HTTPHeaders.trimmed(value)
        }
    }

    private var fields: [Field]

    /// Makes an empty list.
    public init() {
        fields = []
    }

    /// Makes a list of the given fields, keeping order and repetitions.
    public init(_ fields: some Sequence<Field>) {
        self.fields = Array(fields)
    }

    /// The first value of the named field.
    ///
    /// Setting replaces all fields of that name by one; setting nil removes them.
    public subscript(name: String) -> String? {
        get { fields.first { Self.sameName($0.name, name) }?.value }
        set {
            fields.removeAll { Self.sameName($0.name, name) }
            if let newValue { append(name: name, value: newValue) }
        }
    }

    /// Every value of the named field, in order.
    public func values(for name: String) -> [String] {
        fields.filter { Self.sameName($0.name, name) }.map(\.value)
    }

    /// Adds a field and keeps those of the same name.
    public mutating func append(name: String, value: String) {
        fields.append(Field(name: name, value: value))
    }

    /// Whether two names are the same: ASCII letters match in either case.
    static func sameName(_ one: String, _ other: String) -> Bool {
        one.utf8.count == other.utf8.count && zip(one.utf8, other.utf8).allSatisfy { lowercase($0) == lowercase($1) }
    }

    private static func lowercase(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }

    private static func trimmed(_ value: String) -> String {
        let blank: (UInt8) -> Bool = { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
        let bytes = value.utf8
        guard bytes.first.map(blank) == true || bytes.last.map(blank) == true else { return value }
        let head = bytes.drop(while: blank)
        let end = head.lastIndex { !blank($0) }.map { head.index(after: $0) } ?? head.startIndex
        return String(head[..<end]) ?? value
    }
}

extension HTTPHeaders: Sequence {
    /// Visits the fields in order.
    public func makeIterator() -> IndexingIterator<[Field]> { fields.makeIterator() }

    /// How many fields there are, repetitions included.
    public var count: Int { fields.count }
}

extension HTTPHeaders: ExpressibleByDictionaryLiteral {
    /// Makes a list from name-value pairs.
    public init(dictionaryLiteral elements: (String, String)...) {
        self.init(elements.map { Field(name: $0.0, value: $0.1) })
    }
}

extension HTTPHeaders: CustomStringConvertible, CustomReflectable {
    /// The fields, a line each; values that may be secrets are hidden.
    public var description: String { fields.map(\.description).joined(separator: "\n") }

    /// Shows debuggers and `dump` no more than ``description`` does.
    public var customMirror: Mirror {
        Mirror(self, unlabeledChildren: fields.map(\.description), displayStyle: .collection)
    }
}

extension HTTPHeaders.Field: CustomStringConvertible, CustomReflectable {
    /// `name: value`, or `name: (hidden)` where the value may be a secret.
    public var description: String { "\(name): \(isSecret ? "(hidden)" : value)" }

    /// Shows debuggers and `dump` no more than ``description`` does.
    public var customMirror: Mirror { Mirror(self, children: ["field": description]) }

    private var isSecret: Bool {
        let name = name.lowercased()
        return ["authorization", "cookie", "key", "token", "secret", "credential"].contains { name.contains($0) }
    }
}
