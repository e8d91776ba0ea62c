/// A value that can be written as Borsh.
///
/// A type conforms by writing its fields in order:
///
/// ```swift
/// struct Offer: BorshCodable {
///     var model: String
///     var price: UInt64
///
///     func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
///         try writer.write(model, price)
///     }
///
///     init(borshDecoding reader: inout BorshReader) throws(BorshError) {
///         (model, price) = try reader.read()
///     }
/// }
/// ```
///
/// An enum writes the number of its case with ``BorshWriter/writeVariant(_:)`` first. An enum of `UInt8` without payloads
/// needs nothing but the conformance.
public protocol BorshEncodable {
    /// Appends the value.
    func borshEncode(to writer: inout BorshWriter) throws(BorshError)

    /// Appends the elements of an array, without their count.
    ///
    /// The default writes one by one; types that are plain memory copy all at once.
    static func borshEncodeElements(_ elements: [Self], to writer: inout BorshWriter) throws(BorshError)
}

/// A value that can be read from Borsh; see ``BorshEncodable`` for an example.
public protocol BorshDecodable {
    /// Reads a value.
    ///
    /// Nested values are read with ``BorshReader/read(_:)``, which bounds how deeply they nest.
    init(borshDecoding reader: inout BorshReader) throws(BorshError)

    /// Reads the elements of an array whose count has been read.
    ///
    /// The default reads one by one; types that are plain memory copy all at once.
    static func borshDecodeElements(count: Int, from reader: inout BorshReader) throws(BorshError) -> [Self]
}

/// A value that can be written as Borsh and read from it.
public typealias BorshCodable = BorshEncodable & BorshDecodable

extension BorshEncodable {
    /// The value as Borsh.
    @inlinable
    public func borshEncoded() throws(BorshError) -> [UInt8] {
        var writer = BorshWriter()
        try writer.write(self)
        return writer.bytes
    }

    /// Appends the elements of an array, one by one.
    @inlinable
    public static func borshEncodeElements(_ elements: [Self], to writer: inout BorshWriter) throws(BorshError) {
        for element in elements {
            let before = writer.offset
            try writer.write(element)
            guard writer.offset > before else { throw writer.zeroSizedElement() }
        }
    }
}

extension BorshDecodable {
    /// The value that the bytes are; nothing may be left over.
    @inlinable
    public init(borshEncoded bytes: some Collection<UInt8>) throws(BorshError) {
        var reader = BorshReader(bytes)
        self = try reader.read(Self.self)
        try reader.finish()
    }

    /// Reads the elements of an array, one by one.
    @inlinable
    public static func borshDecodeElements(
        count: Int,
        from reader: inout BorshReader
    ) throws(BorshError) -> [Self] {
        // No element may be empty, so a count beyond what is left is refused before anything is read.
        try reader.require(count)
        var elements: [Self] = []
        elements.reserveCapacity(reader.reservation(count, of: Self.self))
        for _ in 0..<count {
            let before = reader.offset
            elements.append(try reader.read(Self.self))
            guard reader.offset > before else { throw reader.zeroSizedElement() }
        }
        return elements
    }
}
