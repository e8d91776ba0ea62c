// Integers of all fixed widths. `Int` and `UInt` have none and stay out: say `Int64` or `UInt64`.

extension BorshEncodable where Self: FixedWidthInteger {
    /// Appends the number, its least significant byte first.
    @inlinable
    public func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        writer.writeInteger(self)
    }

    /// Appends the numbers: one copy where memory has the same order.
    @inlinable
    public static func borshEncodeElements(_ elements: [Self], to writer: inout BorshWriter) throws(BorshError) {
        #if _endian(little)
            elements.withUnsafeBytes { writer.writeBytes(bufferPointer: $0) }
        #else
            for element in elements { writer.writeInteger(element) }
        #endif
    }
}

extension BorshDecodable where Self: FixedWidthInteger & BitwiseCopyable {
    /// Reads a number, its least significant byte first.
    @inlinable
    public init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        self = try reader.readInteger(Self.self)
    }

    /// Reads numbers: one copy where memory has the same order.
    @inlinable
    public static func borshDecodeElements(
        count: Int,
        from reader: inout BorshReader
    ) throws(BorshError) -> [Self] {
        let (byteCount, overflow) = count.multipliedReportingOverflow(by: MemoryLayout<Self>.size)
        guard !overflow else { throw reader.truncated() }
        return try reader.readBytes(count: byteCount) { source throws(BorshError) in
            [Self](unsafeUninitializedCapacity: count) { buffer, initializedCount in
                UnsafeMutableRawBufferPointer(buffer).copyMemory(from: source)
                #if !_endian(little)
                    for index in 0..<count { buffer[index] = Self(littleEndian: buffer[index]) }
                #endif
                initializedCount = count
            }
        }
    }
}

extension UInt8: BorshCodable {}
extension UInt16: BorshCodable {}
extension UInt32: BorshCodable {}
extension UInt64: BorshCodable {}
extension UInt128: BorshCodable {}
extension Int8: BorshCodable {}
extension Int16: BorshCodable {}
extension Int32: BorshCodable {}
extension Int64: BorshCodable {}
extension Int128: BorshCodable {}
