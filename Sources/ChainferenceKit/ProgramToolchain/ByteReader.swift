/// Little-endian reads from bytes that nobody vouches for: outside the bounds there is `nil`, never a trap.
struct ByteReader {
    let bytes: [UInt8]

    func integer<Value: FixedWidthInteger>(at offset: UInt64, as type: Value.Type = Value.self) -> Value? {
        let width = UInt64(Value.bitWidth / 8)
        let (end, overflow) = offset.addingReportingOverflow(width)
        guard !overflow, end <= UInt64(bytes.count) else { return nil }
        return bytes.littleEndian(at: Int(offset))
    }

    /// The range `offset ..< offset + count`, if the bytes have it.
    func range(at offset: UInt64, count: UInt64) -> Range<Int>? {
        let (end, overflow) = offset.addingReportingOverflow(count)
        guard !overflow, end <= UInt64(bytes.count) else { return nil }
        return Int(offset)..<Int(end)
    }
}

extension [UInt8] {
    /// The integer whose little-endian bytes start at `offset`; the caller has checked the bounds.
    func littleEndian<Value: FixedWidthInteger>(at offset: Int, as type: Value.Type = Value.self) -> Value {
        var value: Value = 0
        for index in 0..<(Value.bitWidth / 8) {
            value |= Value(truncatingIfNeeded: self[offset + index]) << Value(truncatingIfNeeded: 8 * index)
        }
        return value
    }

    /// Writes the little-endian bytes of `value` over those at `offset`; the caller has checked the bounds.
    mutating func store(_ value: some FixedWidthInteger, at offset: Int) {
        var rest = value
        for index in 0..<(value.bitWidth / 8) {
            self[offset + index] = UInt8(truncatingIfNeeded: rest)
            rest >>= 8
        }
    }

    /// Appends the little-endian bytes of `value`.
    mutating func append(littleEndian value: some FixedWidthInteger) {
        var rest = value
        for _ in 0..<(value.bitWidth / 8) {
            append(UInt8(truncatingIfNeeded: rest))
            rest >>= 8
        }
    }

    /// Appends zeros until the count is a multiple of `alignment`.
    mutating func pad(to alignment: Int) {
        while !count.isMultiple(of: alignment) { append(0) }
    }
}
