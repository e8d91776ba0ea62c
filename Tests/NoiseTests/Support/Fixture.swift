import SodiumCrypto

@testable import Noise

/// Values that the tests share.
enum Fixture {
    static let clientKey = key(0x22)
    static let serverKey = key(0x11)

    static func key(_ byte: UInt8) -> X25519.PrivateKey {
        guard let key = try? X25519.PrivateKey(bytes: [UInt8](repeating: byte, count: 32)) else {
            fatalError("32 bytes")
        }
        return key
    }

    /// A cipher whose key everybody knows.
    static func cipher(nonce: UInt64 = 0) -> NoiseCipherState {
        var key = SecretBuffer(count: 32)
        key.withUnsafeMutableBytes { $0.copyBytes(from: [UInt8](repeating: 7, count: 32)) }
        return NoiseCipherState(key: key, nonce: nonce)
    }
}

extension NoiseCipherState {
    mutating func sealed(_ plaintext: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: plaintext.count + overhead)
        _ = output.withUnsafeMutableBytes { output in
            plaintext.withUnsafeBytes { try? encrypt($0, into: output) }
        }
        return output
    }

    mutating func opened(_ ciphertext: [UInt8]) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: max(0, ciphertext.count - overhead))
        _ = try output.withUnsafeMutableBytes { output in
            try ciphertext.withUnsafeBytes { try decrypt($0, into: output) }
        }
        return output
    }
}

extension [UInt8] {
    /// Reads hexadecimal digits.
    init(hex: String) {
        let digits = [UInt8](hex.utf8).map { UInt8(String(UnicodeScalar($0)), radix: 16)! }
        self = stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
    }

    var hex: String {
        map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }
}
