/// Reads bincode (little-endian, 64-bit lengths), the encoding of the old built-in programs; `nil` at the first misfit.
struct BincodeReader {
    private let bytes: [UInt8]
    private var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func readInteger<Value: FixedWidthInteger & BitwiseCopyable>(_ type: Value.Type) -> Value? {
        let size = MemoryLayout<Value>.size
        guard bytes.count - offset >= size else { return nil }
        defer { offset += size }
        return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }

    mutating func readLamports() -> Lamports? {
        readInteger(UInt64.self).map { Lamports($0) }
    }

    mutating func readAddress() -> Address? {
        guard bytes.count - offset >= Address.byteCount else { return nil }
        defer { offset += Address.byteCount }
        return try? Address(bytes: bytes[offset..<offset + Address.byteCount])
    }

    mutating func readText() -> String? {
        guard let count = readInteger(UInt64.self), count <= UInt64(bytes.count - offset) else { return nil }
        defer { offset += Int(count) }
        return String(validating: bytes[offset..<offset + Int(count)], as: UTF8.self)
    }
}

extension [UInt8] {
    mutating func append(tag: UInt32) {
        append(contentsOf: tag.littleEndianBytes)
    }

    mutating func append(u64 value: UInt64) {
        append(contentsOf: value.littleEndianBytes)
    }

    mutating func append(text: String) {
        append(u64: UInt64(text.utf8.count))
        append(contentsOf: text.utf8)
    }

    mutating func append(_ lamports: Lamports, _ space: UInt64, _ owner: Address) {
        append(u64: lamports.rawValue)
        append(u64: space)
        append(owner)
    }
}
