import SodiumCrypto

/// One direction's cipher: a key and a counter (Noise revision 34, section 5.1, ChaChaPoly).
///
/// Nothing is allocated per message. Without a key messages pass through in the clear, as the handshake needs it.
public struct NoiseCipherState: ~Copyable, Sendable {
    private var key: SecretBuffer
    /// Whether messages are encrypted.
    public private(set) var hasKey: Bool
    /// The number of the next message under this key.
    public private(set) var nonce: UInt64 = 0

    /// How many bytes a message grows by.
    public var overhead: Int { hasKey ? ChaChaPoly.tagByteCount : 0 }

    init() {
        key = SecretBuffer(count: ChaChaPoly.keyByteCount)
        hasKey = false
    }

    /// Takes a key of 32 bytes.
    init(key bytes: UnsafeRawBufferPointer) {
        key = SecretBuffer(copying: bytes)
        hasKey = true
    }

    /// Takes over a key of 32 bytes, and goes on at `nonce`.
    init(key: consuming SecretBuffer, nonce: UInt64) {
        precondition(key.count == ChaChaPoly.keyByteCount, "a cipher's key has 32 bytes")
        self.key = key
        hasKey = true
        self.nonce = nonce
    }

    mutating func setKey(_ bytes: UnsafeRawBufferPointer) {
        key.unsafeMutableBytes.copyMemory(from: bytes)
        hasKey = true
        nonce = 0
    }

    mutating func wipe() {
        key.wipe()
        hasKey = false
    }

    /// Encrypts a message; `destination` may begin where `plaintext` does.
    ///
    /// - Returns: the number of bytes written, `plaintext.count + overhead`.
    /// - Throws: ``NoiseError/nonceExhausted``.
    /// - Precondition: `destination` is large enough.
    @discardableResult
    public mutating func encrypt(
        _ plaintext: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into destination: UnsafeMutableRawBufferPointer
    ) throws(NoiseError) -> Int {
        guard hasKey else { return Self.move(plaintext, to: destination) }
        return try withNextNonce { key, nonce in
            ChaChaPoly.seal(plaintext, authenticating: associated, nonce: nonce, key: key, into: destination)
        }
    }

    /// Verifies and decrypts a message; `destination` may begin where `ciphertext` does.
    ///
    /// A message that fails leaves the counter where it was.
    ///
    /// - Returns: the number of bytes written, `ciphertext.count - overhead`.
    /// - Throws: ``NoiseError/notAuthentic`` or ``NoiseError/nonceExhausted``.
    /// - Precondition: `destination` is large enough.
    @discardableResult
    public mutating func decrypt(
        _ ciphertext: UnsafeRawBufferPointer,
        authenticating associated: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        into destination: UnsafeMutableRawBufferPointer
    ) throws(NoiseError) -> Int {
        guard hasKey else { return Self.move(ciphertext, to: destination) }
        return try withNextNonce { key, nonce throws(ChaChaPoly.AuthenticationFailure) in
            try ChaChaPoly.open(ciphertext, authenticating: associated, nonce: nonce, key: key, into: destination)
        }
    }

    /// Does something with the next nonce, which is spent unless that fails; the last one is reserved for ``rekey()``.
    private mutating func withNextNonce(
        _ body: (_ key: UnsafeRawBufferPointer, _ nonce: UnsafeRawBufferPointer) throws(ChaChaPoly
            .AuthenticationFailure) ->
            Int
    ) throws(NoiseError) -> Int {
        guard nonce < UInt64.max else { throw .nonceExhausted }
        do throws(ChaChaPoly.AuthenticationFailure) {
            let written = try Self.withNonce(nonce) { nonce throws(ChaChaPoly.AuthenticationFailure) in
                try body(key.unsafeBytes, nonce)
            }
            nonce += 1
            return written
        } catch {
            throw .notAuthentic
        }
    }

    /// Replaces the key by a one-way function of itself (section 4.2, REKEY).
    ///
    /// The counter goes on.
    public mutating func rekey() {
        precondition(hasKey, "there is no key to replace")
        withUnsafeTemporaryAllocation(byteCount: 64, alignment: 16) { scratch in
            scratch.initializeMemory(as: UInt8.self, repeating: 0)
            let zeros = UnsafeRawBufferPointer(rebasing: scratch[0..<32])
            Self.withNonce(.max) { nonce in
                _ = ChaChaPoly.seal(
                    zeros,
                    authenticating: UnsafeRawBufferPointer(start: nil, count: 0),
                    nonce: nonce,
                    key: key.unsafeBytes,
                    into: scratch
                )
            }
            key.unsafeMutableBytes.copyMemory(from: UnsafeRawBufferPointer(rebasing: scratch[0..<32]))
            ConstantTime.wipe(scratch)
        }
    }

    private static func move(_ source: UnsafeRawBufferPointer, to destination: UnsafeMutableRawBufferPointer) -> Int {
        guard let base = source.baseAddress, source.count > 0 else { return 0 }
        precondition(destination.count >= source.count, "the destination is too small")
        destination.baseAddress!.copyMemory(from: base, byteCount: source.count)
        return source.count
    }

    /// Four zero bytes, then the counter in little-endian order (section 12.3).
    private static func withNonce<Result, Failure: Error>(
        _ counter: UInt64,
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let words: (UInt32, UInt32, UInt32) = (
            0, UInt32(truncatingIfNeeded: counter).littleEndian, UInt32(truncatingIfNeeded: counter >> 32).littleEndian
        )
        return try withUnsafeBytes(of: words) { bytes throws(Failure) in try body(bytes) }
    }
}
