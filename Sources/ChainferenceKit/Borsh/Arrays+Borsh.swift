extension Array: BorshEncodable where Element: BorshEncodable {
    /// Appends the count and the elements.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.writeCount(count)
        try Element.borshEncodeElements(self, to: &writer)
    }
}

extension Array: BorshDecodable where Element: BorshDecodable {
    /// Reads a count and as many elements.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let count = try reader.readCount()
        self = try Element.borshDecodeElements(count: count, from: &reader)
    }
}

@available(macOS 26.0, iOS 26.0, tvOS 26.0, watchOS 26.0, visionOS 26.0, *)
extension InlineArray: BorshEncodable where Element: BorshEncodable {
    /// Appends the elements; their count is part of the type.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        for index in indices { try writer.write(self[index]) }
    }
}

@available(macOS 26.0, iOS 26.0, tvOS 26.0, watchOS 26.0, visionOS 26.0, *)
extension InlineArray: BorshDecodable where Element: BorshDecodable {
    /// Reads as many elements as the type has.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        try self.init { _ throws(BorshError) in try reader.read(Element.self) }
    }
}
