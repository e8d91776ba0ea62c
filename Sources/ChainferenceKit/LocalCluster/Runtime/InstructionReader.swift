import Solana

/// Reads the little-endian fields of an instruction in turn; nil once the bytes run out.
struct InstructionReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
        guard count >= 0, bytes.count - offset >= count else { return nil }
        defer { offset += count }
        return bytes[offset..<offset + count]
    }

    mutating func u8() -> UInt8? { take(1)?.first }
    mutating func u16() -> UInt16? { integer() }
    mutating func u32() -> UInt32? { integer() }
    mutating func u64() -> UInt64? { integer() }

    mutating func address() -> Address? {
        take(Address.byteCount).flatMap { try? Address(bytes: $0) }
    }

    /// A string as bincode writes it: a 64-bit length and UTF-8.
    mutating func string() -> String? {
        guard let count = u64(), count <= UInt64(bytes.count), let text = take(Int(count)) else { return nil }
        return String(validating: text, as: UTF8.self)
    }

    private mutating func integer<Integer: FixedWidthInteger>() -> Integer? {
        take(MemoryLayout<Integer>.size)?.reversed().reduce(0) { $0 << 8 | Integer($1) }
    }
}
