import CSodium

/// ChaCha20-Poly1305 as the IETF has it (RFC 8439), into the caller's buffers: nothing is allocated.
public enum ChaChaPoly {
    /// How many bytes a key has.
    public static let keyByteCount = 32
    /// How many bytes a nonce has.
    public static let nonceByteCount = 12
    /// How many bytes a tag adds to the plaintext.
    public static let tagByteCount = 16

    /// The ciphertext was forged or damaged, or the key, nonce or associated data is another one.
    public struct AuthenticationFailure: Error, Hashable, CustomStringConvertible {
        /// Makes the error.
        public init() {}

        /// What happened.
        public var description: String { "The ciphertext is not authentic." }
    }

    /// Encrypts `plaintext` and writes ciphertext and tag to `destination`, which may begin where the plaintext does.
    ///
    /// - Returns: the number of bytes written, `plaintext.count + 16`.
    /// - Precondition: key 32 bytes, nonce 12 bytes, destination large enough. A nonce must never be used twice.
    @discardableResult
    public static func seal(
        _ plaintext: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        into destination: UnsafeMutableRawBufferPointer
    ) -> Int {
        precondition(key.count == keyByteCount && nonce.count == nonceByteCount, "wrong key or nonce size")
        precondition(destination.count >= plaintext.count + tagByteCount, "the destination is too small")
        var written: UInt64 = 0
        _ = crypto_aead_chacha20poly1305_ietf_encrypt(
            destination.baseAddress!.assumingMemoryBound(to: UInt8.self),
            &written,
            plaintext.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(plaintext.count),
            associated.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(associated.count),
            nil,
            nonce.baseAddress!.assumingMemoryBound(to: UInt8.self),
            key.baseAddress!.assumingMemoryBound(to: UInt8.self)
        )
        return Int(written)
    }

    /// Verifies and decrypts `ciphertext` (with its tag) to `destination`, which may begin where the ciphertext does.
    ///
    /// - Returns: the number of bytes written, `ciphertext.count - 16`.
    /// - Throws: ``AuthenticationFailure``; the destination then holds nothing of the plaintext.
    /// - Precondition: key 32 bytes, nonce 12 bytes, destination large enough.
    @discardableResult
    public static func open(
        _ ciphertext: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer,
        nonce: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer,
        into destination: UnsafeMutableRawBufferPointer
    ) throws(AuthenticationFailure) -> Int {
        precondition(key.count == keyByteCount && nonce.count == nonceByteCount, "wrong key or nonce size")
        guard ciphertext.count >= tagByteCount else { throw AuthenticationFailure() }
        precondition(destination.count >= ciphertext.count - tagByteCount, "the destination is too small")
        var written: UInt64 = 0
        let result = crypto_aead_chacha20poly1305_ietf_decrypt(
            destination.baseAddress?.assumingMemoryBound(to: UInt8.self),
            &written,
            nil,
            ciphertext.baseAddress!.assumingMemoryBound(to: UInt8.self),
            UInt64(ciphertext.count),
            associated.baseAddress?.assumingMemoryBound(to: UInt8.self),
            UInt64(associated.count),
            nonce.baseAddress!.assumingMemoryBound(to: UInt8.self),
            key.baseAddress!.assumingMemoryBound(to: UInt8.self)
        )
        guard result == 0 else { throw AuthenticationFailure() }
        return Int(written)
    }
}
