import SodiumCrypto

/// Base58 (Bitcoin's alphabet) of exactly 32 bytes.
enum Base58Key {
    private static let alphabet = Array("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 255, count: 256)
        for (index, character) in alphabet.enumerated() { values[Int(character)] = UInt8(index) }
        return values
    }()

    static func encode(_ bytes: [UInt8]) -> String {
        var digits: [UInt8] = []
        for byte in bytes {
            var carry = Int(byte)
            for index in digits.indices {
                carry += Int(digits[index]) << 8
                digits[index] = UInt8(carry % 58)
                carry /= 58
            }
            while carry > 0 {
                digits.append(UInt8(carry % 58))
                carry /= 58
            }
        }
        let zeros = bytes.prefix { $0 == 0 }.count
        let text = [UInt8](repeating: alphabet[0], count: zeros) + digits.reversed().map { alphabet[Int($0)] }
        return String(decoding: text, as: UTF8.self)
    }

    /// The 32 bytes; `nil` for any other text.
    static func decode(_ text: String) -> [UInt8]? {
        // 32 bytes have 32 to 44 digits.
        guard (32...44).contains(text.utf8.count) else { return nil }
        var bytes = [UInt8](repeating: 0, count: 32)
        for character in text.utf8 {
            var carry = Int(values[Int(character)])
            guard carry < 58 else { return nil }
            for index in bytes.indices.reversed() {
                carry += Int(bytes[index]) * 58
                bytes[index] = UInt8(carry & 255)
                carry >>= 8
            }
            guard carry == 0 else { return nil }
        }
        // Leading ones stand for leading zero bytes, one each.
        let ones = text.utf8.prefix { $0 == alphabet[0] }.count
        return ones == bytes.prefix { $0 == 0 }.count ? bytes : nil
    }
}

extension X25519.PublicKey {
    /// Whether the number is below 2²⁵⁵ − 19: X25519 takes others too, but then two spellings mean one key.
    var isCanonical: Bool {
        let bytes = bytes
        guard bytes[31] & 0x80 == 0 else { return false }
        guard bytes[31] == 0x7f, bytes[1..<31].allSatisfy({ $0 == 0xff }) else { return true }
        return bytes[0] < 0xed
    }
}
