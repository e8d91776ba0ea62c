/// A key of maps and sets, which Borsh writes in ascending order: the order that the Rust type has.
///
/// That is the order of the values, not of their bytes: numbers ascend (256 comes after 1), strings by their UTF-8 bytes
/// ("b" comes after "aa"), arrays element by element.
public protocol BorshKey: Hashable {
    /// Whether `lhs` is written before `rhs`.
    static func borshPrecedes(_ lhs: Self, _ rhs: Self) -> Bool
}

extension BorshKey where Self: Comparable {
    /// The type's own order.
    @inlinable
    public static func borshPrecedes(_ lhs: Self, _ rhs: Self) -> Bool { lhs < rhs }
}

extension UInt8: BorshKey {}
extension UInt16: BorshKey {}
extension UInt32: BorshKey {}
extension UInt64: BorshKey {}
extension UInt128: BorshKey {}
extension Int8: BorshKey {}
extension Int16: BorshKey {}
extension Int32: BorshKey {}
extension Int64: BorshKey {}
extension Int128: BorshKey {}

extension Bool: BorshKey {
    /// False comes first.
    @inlinable
    public static func borshPrecedes(_ lhs: Bool, _ rhs: Bool) -> Bool { !lhs && rhs }
}

extension String: BorshKey {
    /// The order of the UTF-8 bytes, which differs from Swift's where texts have several forms.
    @inlinable
    public static func borshPrecedes(_ lhs: String, _ rhs: String) -> Bool {
        lhs.utf8.lexicographicallyPrecedes(rhs.utf8)
    }
}

extension Array: BorshKey where Element: BorshKey {
    /// The first difference decides; a beginning comes before the whole.
    @inlinable
    public static func borshPrecedes(_ lhs: [Element], _ rhs: [Element]) -> Bool {
        lhs.lexicographicallyPrecedes(rhs, by: Element.borshPrecedes)
    }
}

extension Optional: BorshKey where Wrapped: BorshKey {
    /// Nothing comes first.
    @inlinable
    public static func borshPrecedes(_ lhs: Wrapped?, _ rhs: Wrapped?) -> Bool {
        switch (lhs, rhs) {
        case (.none, .some): true
        case (_, .none): false
        case (.some(let lhs), .some(let rhs)): Wrapped.borshPrecedes(lhs, rhs)
        }
    }
}

extension Dictionary: BorshEncodable where Key: BorshEncodable & BorshKey, Value: BorshEncodable {
    /// Appends the count, and keys and values by ascending keys.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.writeCount(count)
        for (key, value) in sorted(by: { Key.borshPrecedes($0.key, $1.key) }) {
            let before = writer.offset
            try writer.write(key)
            try writer.write(value)
            guard writer.offset > before else { throw writer.zeroSizedElement() }
        }
    }
}

extension Dictionary: BorshDecodable where Key: BorshDecodable & BorshKey, Value: BorshDecodable {
    /// Reads a count, and keys, which must ascend, and values.
    ///
    /// Strings that Swift calls equal, such as "é" in its two forms, cannot both be keys and are refused as duplicates.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let count = try reader.readCount()
        self.init()
        var last: Key?
        for _ in 0..<count {
            let start = reader.offset
            let key = try reader.readKey(after: last)
            let value = try reader.read(Value.self)
            guard reader.offset > start else { throw reader.zeroSizedElement() }
            guard updateValue(value, forKey: key) == nil else { throw .duplicateKey(offset: start) }
            last = key
        }
    }
}

extension Set: BorshEncodable where Element: BorshEncodable & BorshKey {
    /// Appends the count and the elements, ascending.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.writeCount(count)
        try Element.borshEncodeElements(sorted(by: Element.borshPrecedes), to: &writer)
    }
}

extension Set: BorshDecodable where Element: BorshDecodable & BorshKey {
    /// Reads a count and elements, which must ascend.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let count = try reader.readCount()
        self.init()
        var last: Element?
        for _ in 0..<count {
            let start = reader.offset
            let element = try reader.readKey(after: last)
            guard reader.offset > start else { throw reader.zeroSizedElement() }
            guard insert(element).inserted else { throw .duplicateKey(offset: start) }
            last = element
        }
    }
}

extension BorshReader {
    @inlinable
    mutating func readKey<Key: BorshDecodable & BorshKey>(after last: Key?) throws(BorshError) -> Key {
        let start = offset
        let key = try read(Key.self)
        guard let last, !Key.borshPrecedes(last, key) else { return key }
        guard Key.borshPrecedes(key, last) else { throw .duplicateKey(offset: start) }
        throw BorshError(.unorderedKeys, "the keys do not ascend", offset: start)
    }
}

extension BorshError {
    @usableFromInline
    static func duplicateKey(offset: Int) -> BorshError {
        BorshError(.duplicateKey, "the key is there twice", offset: offset)
    }
}
