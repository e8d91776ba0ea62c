/// Base58 with Bitcoin's alphabet: the text form of addresses, hashes and signatures.
///
/// Works on 32-bit limbs and five digits at a time, which for 32 and 64 bytes is a small fixed amount of work. For longer
/// input the time grows with the square of the length, so decoding takes a limit.
public enum Base58 {
    /// Five digits at a time: the largest power of 58 below 2³².
    private static let chunk: UInt64 = 656_356_768

    private static let alphabet: StaticString = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"

    /// The digit of every ASCII character, 0xff for those without one.
    private static let digits: [UInt8] = {
        var table = [UInt8](repeating: 0xff, count: 256)
        for digit in 0..<58 { table[Int(alphabet.utf8Start[digit])] = UInt8(digit) }
        return table
    }()

    /// The text of some bytes.
    public static func encode(_ bytes: some Collection<UInt8>) -> String {
        if let text = bytes.withContiguousStorageIfAvailable({ encode(bufferPointer: UnsafeRawBufferPointer($0)) }) {
            return text
        }
        return Array(bytes).withUnsafeBytes { encode(bufferPointer: $0) }
    }

    /// The text of the bytes of a buffer.
    public static func encode(bufferPointer bytes: UnsafeRawBufferPointer) -> String {
        let zeros = bytes.prefix { $0 == 0 }.count
        let limbCount = (bytes.count - zeros + 3) / 4
        // Each limb gives at most 32 / log2(58) < 5.47 digits.
        let capacity = zeros + limbCount * 6 + 5
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: limbCount) { limbs in
            var position = bytes.count
            for index in stride(from: limbCount - 1, through: 0, by: -1) {
                var limb: UInt32 = 0
                for shift in stride(from: UInt32(0), to: 32, by: 8) where position > zeros {
                    position -= 1
                    limb |= UInt32(bytes[position]) << shift
                }
                limbs[index] = limb
            }
            return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: capacity) { text in
                let start = writeDigits(of: limbs, zeros: zeros, endingAt: capacity, of: text)
                return String(unsafeUninitializedCapacity: capacity - start) { buffer in
                    buffer.initialize(fromContentsOf: text[start...])
                }
            }
        }
    }

    /// Divides the limbs down to nothing and writes the digits backwards; gives where they start.
    private static func writeDigits(
        of limbs: UnsafeMutableBufferPointer<UInt32>,
        zeros: Int,
        endingAt end: Int,
        of text: UnsafeMutableBufferPointer<UInt8>
    ) -> Int {
        let alphabet = alphabet.utf8Start
        var start = end
        var first = 0
        while first < limbs.count {
            var remainder: UInt64 = 0
            for index in first..<limbs.count {
                let value = remainder << 32 | UInt64(limbs[index])
                limbs[index] = UInt32(truncatingIfNeeded: value / chunk)
                remainder = value % chunk
            }
            while first < limbs.count, limbs[first] == 0 { first += 1 }
            var digits = UInt32(truncatingIfNeeded: remainder)
            for _ in 0..<5 {
                // The leading chunk writes no leading zeros.
                if first == limbs.count, digits == 0 { break }
                start -= 1
                text[start] = alphabet[Int(digits % 58)]
                digits /= 58
            }
        }
        for _ in 0..<zeros {
            start -= 1
            text[start] = alphabet[0]
        }
        return start
    }

    /// The bytes of a text.
    ///
    /// - Parameters:
    ///   - text: Base58 digits and nothing else; each leading `1` stands for a zero byte.
    ///   - maximumCount: The most bytes to accept.
    /// - Returns: The bytes.
    /// - Throws: ``SolanaFormatError``.
    public static func decode(_ text: String, maximumCount: Int) throws(SolanaFormatError) -> [UInt8] {
        var text = text
        let result: Result<[UInt8], SolanaFormatError> = text.withUTF8 { text in
            // Every byte takes more than one digit, a zero byte exactly one.
            guard (text.count - 1) / 7 * 5 <= maximumCount else {
                return .failure(.tooLong(maximumByteCount: maximumCount))
            }
            let capacity = text.count + 4
            return withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 1) { scratch in
                decode(text, into: scratch).flatMap { count in
                    guard count <= maximumCount else { return .failure(.tooLong(maximumByteCount: maximumCount)) }
                    return .success(Array(scratch[..<count]))
                }
            }
        }
        return try result.get()
    }

    /// Fills `destination` with the bytes of a text that must be of exactly that size.
    static func decode(
        _ text: String,
        filling destination: UnsafeMutableRawBufferPointer
    ) throws(SolanaFormatError) {
        let size = destination.count
        var text = text
        let result: Result<Int, SolanaFormatError> = text.withUTF8 { text in
            guard text.count <= size + size * 2 / 5 else { return .failure(.tooLong(maximumByteCount: size)) }
            return withUnsafeTemporaryAllocation(byteCount: text.count + 4, alignment: 1) { scratch in
                decode(text, into: scratch).flatMap { count in
                    guard count == size else { return .failure(.wrongByteCount(expected: size, actual: count)) }
                    destination.copyBytes(from: scratch[..<count])
                    return .success(count)
                }
            }
        }
        _ = try result.get()
    }

    /// Writes the bytes of a text to the start of `scratch`, which has room for as many as there are digits; gives their count.
    private static func decode(
        _ text: UnsafeBufferPointer<UInt8>,
        into scratch: UnsafeMutableRawBufferPointer
    ) -> Result<Int, SolanaFormatError> {
        let one = UInt8(ascii: "1")
        let zeros = text.prefix { $0 == one }.count
        let digitCount = text.count - zeros
        // log2(58) / 32 = 0.18306…
        let limbCount = digitCount * 1_831 / 10_000 + 1
        return withUnsafeTemporaryAllocation(of: UInt32.self, capacity: limbCount) { limbs in
            limbs.initialize(repeating: 0)
            var used = 0
            var position = zeros
            while position < text.count {
                // The first chunk takes what does not fill five digits.
                let end = position + ((text.count - position - 1) % 5 + 1)
                var carry: UInt64 = 0
                var factor: UInt64 = 1
                while position < end {
                    let digit = digits[Int(text[position])]
                    guard digit != 0xff else { return .failure(.invalidCharacter(position: position)) }
                    carry = carry * 58 + UInt64(digit)
                    factor *= 58
                    position += 1
                }
                for index in 0..<used {
                    carry += UInt64(limbs[index]) * factor
                    limbs[index] = UInt32(truncatingIfNeeded: carry)
                    carry >>= 32
                }
                if carry != 0 {
                    limbs[used] = UInt32(truncatingIfNeeded: carry)
                    used += 1
                }
            }
            var count = 0
            while count < zeros {
                scratch[count] = 0
                count += 1
            }
            guard used > 0 else { return .success(count) }
            // `limbs` is little-endian; the leading one is not zero.
            for index in stride(from: used - 1, through: 0, by: -1) {
                for shift in stride(from: 24, through: 0, by: -8) {
                    let byte = UInt8(truncatingIfNeeded: limbs[index] >> UInt32(shift))
                    if byte == 0, count == zeros { continue }
                    scratch[count] = byte
                    count += 1
                }
            }
            return .success(count)
        }
    }
}
