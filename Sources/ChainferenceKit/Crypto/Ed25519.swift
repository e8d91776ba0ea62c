import CSodium

/// Ed25519 signatures (RFC 8032) and the curve test that program-derived addresses need.
///
/// Signing is deterministic on every platform. Verification is libsodium's, which is strict: it refuses non-canonical
/// encodings of keys and scalars and every key of small order, the all-zero key among them.
public enum Ed25519 {
    /// How many bytes a seed has.
    public static let seedByteCount = 32

    /// How many bytes a public key has.
    public static let publicKeyByteCount = 32

    /// How many bytes a signature has.
    public static let signatureByteCount = 64

    /// Whether `signature` over `message` was made by the owner of `publicKey`.
    ///
    /// Wrong lengths are no programming error here: they give `false`.
    public static func verify(
        signature: some Collection<UInt8>,
        message: some Collection<UInt8>,
        publicKey: some Collection<UInt8>
    ) -> Bool {
        Sodium.initialize()
        guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount else { return false }
        return withContiguousBytes(signature) { signature in
            withContiguousBytes(message) { message in
                withContiguousBytes(publicKey) { publicKey in
                    verify(signature: signature, message: message, publicKey: publicKey)
                }
            }
        }
    }

    /// Whether `signature` over `message` was made by the owner of `publicKey`, over lent memory.
    public static func verify(
        signature: UnsafeRawBufferPointer,
        message: UnsafeRawBufferPointer,
        publicKey: UnsafeRawBufferPointer
    ) -> Bool {
        Sodium.initialize()
        guard signature.count == signatureByteCount, publicKey.count == publicKeyByteCount,
            let signature = signature.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let publicKey = publicKey.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return false }
        let bytes = message.baseAddress?.assumingMemoryBound(to: UInt8.self)
        return crypto_sign_verify_detached(signature, bytes, UInt64(message.count), publicKey) == 0
    }

    /// Whether 32 bytes decompress to a point of the curve, by the rule that Solana derives addresses with.
    ///
    /// Neither the subgroup nor the canonical encoding matters. Anything but 32 bytes gives `false`.
    public static func isOnCurve(_ bytes: some Collection<UInt8>) -> Bool {
        withContiguousBytes(bytes) { isOnCurve(bufferPointer: $0) }
    }

    /// Whether the 32 bytes of a buffer decompress to a point of the curve.
    public static func isOnCurve(bufferPointer bytes: UnsafeRawBufferPointer) -> Bool {
        guard bytes.count == publicKeyByteCount, let base = bytes.baseAddress else { return false }
        // `crypto_core_ed25519_is_valid_point` also demands the prime-order subgroup, which 44 % of the strings that
        // the Rust SDK calls on-curve fail. Adding the identity (0, 1) decompresses and does nothing else.
        return withUnsafeTemporaryAllocation(byteCount: 64, alignment: 8) { scratch in
            let scratch = scratch.baseAddress!.assumingMemoryBound(to: UInt8.self)
            scratch.initialize(repeating: 0, count: 64)
            scratch[32] = 1
            return crypto_core_ed25519_add(scratch, base.assumingMemoryBound(to: UInt8.self), scratch + 32) == 0
        }
    }
}
