import SodiumCrypto

@testable import Noise

extension Fixture {
    /// A cipher whose key everybody knows.
    static func cipher(_ byte: UInt8 = 7) -> NoiseCipherState {
        var key = SecretBuffer(count: 32)
        key.withUnsafeMutableBytes { $0.copyBytes(from: [UInt8](repeating: byte, count: 32)) }
        return NoiseCipherState(key: key, nonce: 0)
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
