import SodiumCrypto

/// Chaining key, handshake hash and the cipher of the handshake (Noise revision 34, section 5.2, SHA256).
struct NoiseSymmetricState: ~Copyable, Sendable {
    private var chainingKey = SecretBuffer(count: 32)
    private(set) var hash = [UInt8](repeating: 0, count: 32)
    private(set) var cipher = NoiseCipherState()
    // HKDF's temporary key and three outputs.
    private var scratch = SecretBuffer(count: 128)

    init(protocolName: String) {
        let name = Array(protocolName.utf8)
        if name.count <= 32 {
            hash.replaceSubrange(0..<name.count, with: name)
        } else {
            hash = SHA256.hash(name)
        }
        hash.withUnsafeBytes { chainingKey.unsafeMutableBytes.copyMemory(from: $0) }
    }

    /// Fills the scratch with HKDF(chaining key, input): the outputs are at 32, 64 and 96.
    private mutating func deriveKeys(_ input: UnsafeRawBufferPointer, outputs: Int) {
        let memory = scratch.unsafeMutableBytes
        let temporaryKey = UnsafeMutableRawBufferPointer(rebasing: memory[0..<32])
        HMACSHA256.authenticate(input, key: chainingKey.unsafeBytes, into: temporaryKey)
        var previous = UnsafeRawBufferPointer(start: nil, count: 0)
        for index in 1...outputs {
            let output = UnsafeMutableRawBufferPointer(rebasing: memory[32 * index..<32 * index + 32])
            let counter = UInt8(index)
            withUnsafeBytes(of: counter) { counter in
                HMACSHA256.authenticate(previous, counter, key: UnsafeRawBufferPointer(temporaryKey), into: output)
            }
            previous = UnsafeRawBufferPointer(output)
        }
    }

    private func output(_ index: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: scratch.unsafeBytes[32 * index..<32 * index + 32])
    }

    mutating func mixKey(_ input: UnsafeRawBufferPointer) {
        deriveKeys(input, outputs: 2)
        chainingKey.unsafeMutableBytes.copyMemory(from: output(1))
        cipher.setKey(output(2))
        scratch.wipe()
    }

    mutating func mixHash(_ input: UnsafeRawBufferPointer) {
        var sha = SHA256()
        hash.withUnsafeBytes { sha.update(bufferPointer: $0) }
        sha.update(bufferPointer: input)
        hash.withUnsafeMutableBytes { sha.finalize(into: $0) }
    }

    mutating func mixKeyAndHash(_ input: UnsafeRawBufferPointer) {
        deriveKeys(input, outputs: 3)
        chainingKey.unsafeMutableBytes.copyMemory(from: output(1))
        mixHash(output(2))
        cipher.setKey(output(3))
        scratch.wipe()
    }

    /// Appends the encrypted plaintext to `message`.
    mutating func encryptAndHash(
        _ plaintext: UnsafeRawBufferPointer,
        appendingTo message: inout [UInt8]
    ) throws(NoiseError) {
        let start = message.count
        message.append(contentsOf: repeatElement(0, count: plaintext.count + cipher.overhead))
        var failure: NoiseError?
        message.withUnsafeMutableBytes { bytes in
            hash.withUnsafeBytes { hash in
                do throws(NoiseError) {
                    try cipher.encrypt(
                        plaintext,
                        authenticating: hash,
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                    )
                } catch { failure = error }
            }
        }
        if let failure { throw failure }
        message.withUnsafeBytes { mixHash(UnsafeRawBufferPointer(rebasing: $0[start...])) }
    }

    /// Appends the decrypted ciphertext to `plaintext`.
    mutating func decryptAndHash(
        _ ciphertext: UnsafeRawBufferPointer,
        appendingTo plaintext: inout [UInt8]
    ) throws(NoiseError) {
        guard ciphertext.count >= cipher.overhead else { throw .messageLength(ciphertext.count) }
        let start = plaintext.count
        plaintext.append(contentsOf: repeatElement(0, count: ciphertext.count - cipher.overhead))
        var failure: NoiseError?
        plaintext.withUnsafeMutableBytes { bytes in
            hash.withUnsafeBytes { hash in
                do throws(NoiseError) {
                    try cipher.decrypt(
                        ciphertext,
                        authenticating: hash,
                        into: UnsafeMutableRawBufferPointer(rebasing: bytes[start...])
                    )
                } catch { failure = error }
            }
        }
        if let failure {
            plaintext.removeSubrange(start...)
            throw failure
        }
        mixHash(ciphertext)
    }

    /// The two transport ciphers as `role` uses them.
    ///
    /// Chaining key and handshake cipher are wiped.
    mutating func split(role: NoiseHandshake.Role) -> NoiseTransport {
        deriveKeys(UnsafeRawBufferPointer(start: nil, count: 0), outputs: 2)
        let (sending, receiving) = role == .initiator ? (output(1), output(2)) : (output(2), output(1))
        let transport = NoiseTransport(
            sending: NoiseCipherState(key: sending),
            receiving: NoiseCipherState(key: receiving),
            handshakeHash: hash
        )
        wipe()
        return transport
    }

    mutating func wipe() {
        scratch.wipe()
        chainingKey.wipe()
        cipher.wipe()
    }
}
