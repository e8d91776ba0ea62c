/// A JSON value (RFC 8259) whose whole numbers keep all 64 bits.
///
/// Every whole number has one case: ``unsigned(_:)`` from 0 up, ``negative(_:)`` below. Numbers beyond 64 bits and those
/// written with a fraction or an exponent are ``double(_:)``.
public enum JSONValue: Sendable, Hashable {
    /// `null`.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A whole number from 0 up.
    case unsigned(UInt64)
    /// A whole number below 0.
    case negative(Int64)
    /// Any other number; finite if it was parsed.
    case double(Double)
    /// A text.
    case string(String)
    /// An array.
    case array([JSONValue])
    /// An object.
    case object(JSONObject)
}

extension JSONValue {
    /// The whole number `value`, in its one canonical case.
    public static func signed(_ value: Int64) -> JSONValue {
        value < 0 ? .negative(value) : .unsigned(UInt64(value))
    }

    /// The member of an object with that name, if this is an object and has it.
    public subscript(_ name: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[name]
    }

    /// The element of an array at that index, if this is an array and has it.
    public subscript(_ index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    /// Whether this is `null`.
    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The truth value, if this is one.
    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The text, if this is one.
    public var text: String? {
        if case .string(let value) = self { value } else { nil }
    }

    /// The whole number, if this is one from 0 up.
    public var unsigned: UInt64? {
        if case .unsigned(let value) = self { value } else { nil }
    }

    /// The elements, if this is an array.
    public var elements: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    /// The members, if this is an object.
    public var members: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// The JSON of a value, or `null` if there is none.
    public static func optional<Value>(_ value: Value?, _ encode: (Value) -> JSONValue) -> JSONValue {
        value.map(encode) ?? .null
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByNilLiteral, ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    /// Makes a text.
    public init(stringLiteral value: String) { self = .string(value) }

    /// Makes a whole number.
    public init(integerLiteral value: Int64) { self = .signed(value) }

    /// Makes a truth value.
    public init(booleanLiteral value: Bool) { self = .bool(value) }

    /// Makes `null`.
    public init(nilLiteral: ()) { self = .null }

    /// Makes an array.
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }

    /// Makes an object; of members with the same name the last one counts.
    public init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements))
    }
}
