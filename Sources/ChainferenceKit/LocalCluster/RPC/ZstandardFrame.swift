/// Zstandard (RFC 8878) without compression: every decoder reads it, and no library is needed to write it.
enum ZstandardFrame {
    /// The most bytes that one block may have.
    private static let maximumBlockCount = 128 * 1_024

    /// A frame that holds the bytes as they are.
    static func storing(_ bytes: [UInt8]) -> [UInt8] {
        var frame: [UInt8] = [0x28, 0xb5, 0x2f, 0xfd]
        frame.reserveCapacity(bytes.count + 16 + 3 * (bytes.count / maximumBlockCount + 1))
        // One segment, no checksum, no dictionary; the count of the content takes one, two or four bytes.
        switch bytes.count {
        case ..<256: frame += [0x20, UInt8(bytes.count)]
        case ..<65_792:
            frame.append(0x60)
            frame.append(little: UInt16(bytes.count - 256))
        default:
            frame.append(0xa0)
            frame.append(little: UInt32(truncatingIfNeeded: bytes.count))
        }
        var start = 0
        repeat {
            let count = min(maximumBlockCount, bytes.count - start)
            let isLast = start + count == bytes.count
            // 24 bits: whether it is the last, the type (0: stored), the count.
            let header = UInt32(isLast ? 1 : 0) | UInt32(count) << 3
            for shift in [0, 8, 16] { frame.append(UInt8(truncatingIfNeeded: header >> UInt32(shift))) }
            frame += bytes[start..<start + count]
            start += count
        } while start < bytes.count
        return frame
    }
}
