import SodiumCrypto
import Testing

@Suite("HMAC-SHA-256, constant-time comparison, wiped buffers")
struct HMACSHA256Tests {
    @Test("Agrees with Python on 40 messages, with keys of 0 to 117 bytes")
    func python() throws {
        let vectors = try PrimitiveVectors.load().hmacSHA256
        #expect(vectors.count == 40)
        for vector in vectors {
            let (key, message) = (vector.key.bytes, vector.message.bytes)
            #expect(HMACSHA256.authenticationCode(for: message, key: key) == vector.tag.bytes)
            #expect(HMACSHA256.isValid(vector.tag.bytes, for: message, key: key))
            var wrong = vector.tag.bytes
            wrong[31] ^= 1
            #expect(!HMACSHA256.isValid(wrong, for: message, key: key))
            #expect(!HMACSHA256.isValid(Array(vector.tag.bytes.dropLast()), for: message, key: key))
        }
    }

    @Test("Two pieces give the tag of their concatenation, also when the result overwrites an input")
    func pieces() throws {
        let vector = try PrimitiveVectors.load().hmacSHA256[30]
        var memory = vector.message.bytes
        let middle = memory.count / 2
        memory.withUnsafeMutableBytes { memory in
            vector.key.bytes.withUnsafeBytes { key in
                let message = UnsafeRawBufferPointer(memory)
                HMACSHA256.authenticate(
                    UnsafeRawBufferPointer(rebasing: message[..<middle]),
                    UnsafeRawBufferPointer(rebasing: message[middle...]),
                    key: key,
                    into: memory
                )
            }
        }
        #expect(Array(memory[..<32]) == vector.tag.bytes)
    }

    @Test("Compares whole arrays")
    func comparison() {
        #expect(ConstantTime.areEqual([], []))
        #expect(ConstantTime.areEqual([1, 2, 3], [1, 2, 3]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2, 4]))
        #expect(!ConstantTime.areEqual([1, 2, 3], [1, 2]))
        #expect([UInt8](repeating: 0, count: 9).withUnsafeBytes { ConstantTime.isZero($0) })
        #expect(![0, 0, 1].withUnsafeBytes { ConstantTime.isZero($0) })
    }

    @Test("A secret buffer begins with zeros, changes in place and can be wiped")
    func secretBuffer() {
        var buffer = SecretBuffer(count: 4)
        #expect(buffer.withUnsafeBytes { [UInt8]($0) } == [0, 0, 0, 0])
        buffer.withUnsafeMutableBytes { $0.copyBytes(from: [1, 2, 3, 4]) }
        var other = SecretBuffer(count: 4)
        other.copy(from: buffer)
        buffer.wipe()
        #expect(buffer.withUnsafeBytes { [UInt8]($0) } == [0, 0, 0, 0])
        #expect(other.withUnsafeBytes { [UInt8]($0) } == [1, 2, 3, 4])
    }
}
