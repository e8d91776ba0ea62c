import SodiumCrypto
import Testing

@Suite("ChaCha20-Poly1305")
struct ChaChaPolyTests {
    private static func seal(_ vector: PrimitiveVectors.Sealed) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: vector.plaintext.bytes.count + ChaChaPoly.tagByteCount)
        let count = vector.plaintext.bytes.withUnsafeBytes { plaintext in
            vector.associated.bytes.withUnsafeBytes { associated in
                vector.nonce.bytes.withUnsafeBytes { nonce in
                    vector.key.bytes.withUnsafeBytes { key in
                        output.withUnsafeMutableBytes {
                            ChaChaPoly.seal(plaintext, authenticating: associated, nonce: nonce, key: key, into: $0)
                        }
                    }
                }
            }
        }
        #expect(count == output.count)
        return output
    }

    private static func open(_ ciphertext: [UInt8], _ vector: PrimitiveVectors.Sealed) throws -> [UInt8] {
        var output = [UInt8](repeating: 0, count: max(0, ciphertext.count - ChaChaPoly.tagByteCount))
        _ = try ciphertext.withUnsafeBytes { ciphertext in
            try vector.associated.bytes.withUnsafeBytes { associated in
                try vector.nonce.bytes.withUnsafeBytes { nonce in
                    try vector.key.bytes.withUnsafeBytes { key in
                        try output.withUnsafeMutableBytes {
                            try ChaChaPoly.open(
                                ciphertext,
                                authenticating: associated,
                                nonce: nonce,
                                key: key,
                                into: $0
                            )
                        }
                    }
                }
            }
        }
        return output
    }

    @Test("Agrees with OpenSSL on 40 messages of 0 to 330 bytes")
    func openSSL() throws {
        let vectors = try PrimitiveVectors.load().chachaPoly
        #expect(vectors.count == 40)
        for vector in vectors {
            #expect(Self.seal(vector) == vector.ciphertext.bytes)
            #expect(try Self.open(vector.ciphertext.bytes, vector) == vector.plaintext.bytes)
        }
    }

    @Test("Every flipped bit and every cut is refused")
    func tampering() throws {
        let vector = try PrimitiveVectors.load().chachaPoly[7]
        let good = vector.ciphertext.bytes
        for bit in 0..<good.count * 8 {
            var bad = good
            bad[bit / 8] ^= 1 << (bit % 8)
            #expect(throws: ChaChaPoly.AuthenticationFailure.self) { try Self.open(bad, vector) }
        }
        for count in 0..<good.count {
            #expect(throws: ChaChaPoly.AuthenticationFailure.self) { try Self.open(Array(good[..<count]), vector) }
        }
        var other = vector
        other.associated.bytes.append(0)
        #expect(throws: ChaChaPoly.AuthenticationFailure.self) { try Self.open(good, other) }
    }

    @Test("Seals and opens in place")
    func inPlace() throws {
        let vector = try PrimitiveVectors.load().chachaPoly[9]
        let count = vector.plaintext.bytes.count
        var buffer = vector.plaintext.bytes + [UInt8](repeating: 0, count: ChaChaPoly.tagByteCount)
        try buffer.withUnsafeMutableBytes { buffer in
            try vector.associated.bytes.withUnsafeBytes { associated in
                try vector.nonce.bytes.withUnsafeBytes { nonce in
                    try vector.key.bytes.withUnsafeBytes { key in
                        let plaintext = UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count])
                        ChaChaPoly.seal(plaintext, authenticating: associated, nonce: nonce, key: key, into: buffer)
                        #expect([UInt8](buffer) == vector.ciphertext.bytes)
                        let ciphertext = UnsafeRawBufferPointer(buffer)
                        try ChaChaPoly.open(
                            ciphertext,
                            authenticating: associated,
                            nonce: nonce,
                            key: key,
                            into: buffer
                        )
                        #expect([UInt8](buffer[..<count]) == vector.plaintext.bytes)
                    }
                }
            }
        }
    }
}
