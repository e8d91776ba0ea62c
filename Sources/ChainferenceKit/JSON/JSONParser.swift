extension JSONValue {
    /// Parses JSON text (RFC 8259): UTF-8 without a byte order mark, one value, blanks around it.
    ///
    /// Takes time in proportion to the text. A number that is no 64-bit integer becomes the nearest double.
    ///
    /// - Parameters:
    ///   - text: The bytes.
    ///   - limits: What the text may ask of this reader.
    /// - Throws: What is wrong, and where; an object that names a member twice is wrong.
    public init(parsing text: some Sequence<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        if let result = text.withContiguousStorageIfAvailable({ JSONParser.parse($0, limits) }) {
            self = try result.get()
        } else {
            self = try Array(text).withUnsafeBufferPointer { JSONParser.parse($0, limits) }.get()
        }
    }
}

/// Reads one JSON text.
struct JSONParser {
    private let text: UnsafeBufferPointer<UInt8>
    private let limits: JSONLimits
    private var position = 0
    private var depth = 0
    private var values = 0

    static func parse(_ text: UnsafeBufferPointer<UInt8>, _ limits: JSONLimits) -> Result<JSONValue, JSONError> {
        guard text.count <= limits.maximumBytes else {
            return .failure(JSONError(.tooLarge(limit: limits.maximumBytes)))
        }
        var parser = JSONParser(text: text, limits: limits)
        do throws(JSONError) {
            let value = try parser.value()
            parser.skipBlanks()
            guard parser.position == text.count else { throw parser.unexpected() }
            return .success(value)
        } catch {
            return .failure(error)
        }
    }

    private init(text: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        self.text = text
        self.limits = limits
    }

    // MARK: Values

    private mutating func value() throws(JSONError) -> JSONValue {
        values += 1
        guard values <= limits.maximumValues else { throw error(.tooManyValues(limit: limits.maximumValues)) }
        skipBlanks()
        guard position < text.count else { throw unexpected() }
        switch text[position] {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try object())
        case UInt8(ascii: "["): return .array(try array())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: throw unexpected()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws(JSONError) -> JSONValue {
        for index in 0..<word.utf8CodeUnitCount {
            guard position < text.count, text[position] == word.utf8Start[index] else { throw unexpected() }
            position += 1
        }
        return value
    }

    private mutating func array() throws(JSONError) -> [JSONValue] {
        try open()
        defer { depth -= 1 }
        var elements: [JSONValue] = []
        skipBlanks()
        if take(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value())
            skipBlanks()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "]")) else { throw unexpected() }
            return elements
        }
    }

    private mutating func object() throws(JSONError) -> JSONObject {
        try open()
        defer { depth -= 1 }
        var members = JSONObject()
        skipBlanks()
        if take(UInt8(ascii: "}")) { return members }
        while true {
            skipBlanks()
            guard position < text.count, text[position] == UInt8(ascii: "\"") else { throw unexpected() }
            let start = position
            let name = try string()
            skipBlanks()
            guard take(UInt8(ascii: ":")) else { throw unexpected() }
            guard members.insert(name, try value()) else { throw JSONError(.duplicateMember, at: start) }
            skipBlanks()
            if take(UInt8(ascii: ",")) { continue }
            guard take(UInt8(ascii: "}")) else { throw unexpected() }
            return members
        }
    }

    private mutating func open() throws(JSONError) {
        depth += 1
        guard depth <= limits.maximumDepth else { throw error(.tooDeep(limit: limits.maximumDepth)) }
        position += 1
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = position
        let isNegative = take(UInt8(ascii: "-"))
        var isWhole = true
        // A whole number may not begin with a nought.
        if !take(UInt8(ascii: "0")) { try digits(from: start) }
        if take(UInt8(ascii: ".")) {
            isWhole = false
            try digits(from: start)
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "-")) { _ = take(UInt8(ascii: "+")) }
            try digits(from: start)
        }
        if isWhole, let value = wholeNumber(from: isNegative ? start + 1 : start, isNegative: isNegative) {
            return value
        }
        let digits = String(decoding: text[start..<position], as: UTF8.self)
        guard let value = Double(digits), value.isFinite else { throw JSONError(.numberOutOfRange, at: start) }
        return .double(value)
    }

    private mutating func digits(from start: Int) throws(JSONError) {
        let first = position
        while position < text.count, text[position] &- UInt8(ascii: "0") < 10 {
            position += 1
            guard position - start <= limits.maximumNumberLength else {
                throw JSONError(.numberTooLong(limit: limits.maximumNumberLength), at: start)
            }
        }
        guard position > first else { throw unexpected() }
    }

    /// The digits up to here; nil if they are too large for a case of their own, or a negative nought.
    private func wholeNumber(from start: Int, isNegative: Bool) -> JSONValue? {
        var magnitude: UInt64 = 0
        for index in start..<position {
            let (product, overflowed) = magnitude.multipliedReportingOverflow(by: 10)
            let (sum, carried) = product.addingReportingOverflow(UInt64(text[index] &- UInt8(ascii: "0")))
            if overflowed || carried { return nil }
            magnitude = sum
        }
        guard isNegative else { return .unsigned(magnitude) }
        guard magnitude > 0, magnitude <= Int64.min.magnitude else { return nil }
        return .negative(Int64(truncatingIfNeeded: 0 &- magnitude))
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        let start = position
        position += 1
        var hasEscapes = false
        while position < text.count {
            let byte = text[position]
            if byte == UInt8(ascii: "\"") {
                guard position - start - 1 <= limits.maximumStringBytes else {
                    throw JSONError(.stringTooLong(limit: limits.maximumStringBytes), at: start)
                }
                let contents = UnsafeBufferPointer(rebasing: text[(start + 1)..<position])
                position += 1
                if hasEscapes { return try unescape(contents, at: start + 1) }
                guard let string = String(validating: contents, as: UTF8.self) else {
                    throw JSONError(.invalidUTF8, at: start)
                }
                return string
            }
            if byte == UInt8(ascii: "\\") {
                hasEscapes = true
                position += 1
            } else if byte < 0x20 {
                throw unexpected()
            }
            position += 1
        }
        position = text.count
        throw unexpected()
    }

    /// Replaces the escapes of a string's contents, which end with no lone backslash.
    private func unescape(
        _ contents: UnsafeBufferPointer<UInt8>,
        at offset: Int
    ) throws(JSONError) -> String {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(contents.count)
        var index = 0
        while index < contents.count {
            let byte = contents[index]
            index += 1
            guard byte == UInt8(ascii: "\\") else {
                bytes.append(byte)
                continue
            }
            let escape = contents[index]
            index += 1
            switch escape {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(escape)
            case UInt8(ascii: "b"): bytes.append(0x08)
            case UInt8(ascii: "f"): bytes.append(0x0C)
            case UInt8(ascii: "n"): bytes.append(0x0A)
            case UInt8(ascii: "r"): bytes.append(0x0D)
            case UInt8(ascii: "t"): bytes.append(0x09)
            case UInt8(ascii: "u"):
                guard let scalar = Self.scalar(contents, &index) else {
                    throw JSONError(.invalidEscape, at: offset + index)
                }
                bytes.append(contentsOf: UTF8.encode(scalar).unsafelyUnwrapped)
            default: throw JSONError(.invalidEscape, at: offset + index)
            }
        }
        guard let string = String(validating: bytes, as: UTF8.self) else { throw JSONError(.invalidUTF8, at: offset) }
        return string
    }

    /// The character that the digits after `\u` stand for, and after a second `\u` if they are half a surrogate pair.
    private static func scalar(_ contents: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> Unicode.Scalar? {
        guard let first = fourDigits(contents, &index) else { return nil }
        guard first & 0xF800 == 0xD800 else { return Unicode.Scalar(first) }
        guard first < 0xDC00, index + 1 < contents.count, contents[index] == UInt8(ascii: "\\"),
            contents[index + 1] == UInt8(ascii: "u")
        else { return nil }
        index += 2
        guard let second = fourDigits(contents, &index), second & 0xFC00 == 0xDC00 else { return nil }
        return Unicode.Scalar(0x10000 + (first - 0xD800) << 10 + (second - 0xDC00))
    }

    private static func fourDigits(_ contents: UnsafeBufferPointer<UInt8>, _ index: inout Int) -> UInt32? {
        guard index + 4 <= contents.count else { return nil }
        var value: UInt32 = 0
        for _ in 0..<4 {
            let byte = contents[index]
            index += 1
            let digit: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): digit = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): digit = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digit = byte - UInt8(ascii: "A") + 10
            default: return nil
            }
            value = value << 4 | UInt32(digit)
        }
        return value
    }

    // MARK: Bytes

    private mutating func skipBlanks() {
        while position < text.count {
            switch text[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < text.count, text[position] == byte else { return false }
        position += 1
        return true
    }

    private func error(_ problem: JSONError.Problem) -> JSONError { JSONError(problem, at: position) }

    private func unexpected() -> JSONError {
        position < text.count ? error(.unexpectedByte(text[position])) : error(.unexpectedEnd)
    }
}
