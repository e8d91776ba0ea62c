extension Bool: BorshCodable {
    /// Appends 0 or 1.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        writer.writeInteger(self ? 1 as UInt8 : 0)
    }

    /// Reads 0 or 1, and nothing else.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self = try reader.readTag()
    }
}

extension Float: BorshCodable {
    /// Appends the four bytes of IEEE 754; refuses NaN, which has many forms.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        guard !isNaN else { throw .notANumber(offset: writer.offset) }
        writer.writeInteger(bitPattern)
    }

    /// Reads the four bytes of IEEE 754; refuses NaN.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self.init(bitPattern: try reader.readInteger(UInt32.self))
        guard !isNaN else { throw .notANumber(offset: reader.offset - 4) }
    }
}

extension Double: BorshCodable {
    /// Appends the eight bytes of IEEE 754; refuses NaN, which has many forms.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        guard !isNaN else { throw .notANumber(offset: writer.offset) }
        writer.writeInteger(bitPattern)
    }

    /// Reads the eight bytes of IEEE 754; refuses NaN.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self.init(bitPattern: try reader.readInteger(UInt64.self))
        guard !isNaN else { throw .notANumber(offset: reader.offset - 8) }
    }
}

extension BorshError {
    @usableFromInline
    static func notANumber(offset: Int) -> BorshError {
        BorshError(.notANumber, "NaN has no Borsh form", offset: offset)
    }
}

extension String: BorshCodable {
    /// Appends the count of UTF-8 bytes and these.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.writeCount(utf8.count)
        writer.writeBytes(utf8)
    }

    /// Reads a count and as many bytes, which must be UTF-8: nothing is repaired.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let count = try reader.readCount()
        let start = reader.offset
        self = try reader.readBytes(count: count) { bytes throws(BorshError) in
            // Repairs what is no UTF-8, so that only UTF-8 comes out as it went in; several times as fast as
            // `String(validating:as:)`.
            let text = String(decoding: bytes, as: UTF8.self)
            let isSame = text.utf8.withContiguousStorageIfAvailable { bytes.elementsEqual($0) }
            guard isSame ?? text.utf8.elementsEqual(bytes) else {
                throw BorshError(.invalidUTF8, "the string is no UTF-8", offset: start)
            }
            return text
        }
    }
}

/// The value of no bytes: Rust's `()`.
public struct BorshUnit: BorshCodable, Hashable, Sendable {
    /// The only value.
    public init() {}

    /// Appends nothing.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {}

    /// Reads nothing.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {}
}
