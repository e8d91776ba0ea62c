import CSodium

/// SHA-256 (FIPS 180-4), in one call or in pieces.
///
/// ```swift
/// var hash = SHA256()
/// hash.update([1, 2, 3])
/// hash.update([4])
/// let digest = hash.finalize()
/// ```
public struct SHA256: Sendable {
    /// How many bytes a digest has.
    public static let byteCount = 32

    private var state = crypto_hash_sha256_state()

    /// Starts an empty hash.
    public init() {
        crypto_hash_sha256_init(&state)
    }

    /// Appends bytes to what is hashed.
    public mutating func update(_ bytes: some Collection<UInt8>) {
        withContiguousBytes(bytes) { update(bufferPointer: $0) }
    }

    /// Appends the bytes of a buffer to what is hashed.
    public mutating func update(bufferPointer bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        crypto_hash_sha256_update(&state, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    }

    /// The digest of everything so far, 32 bytes; the hash itself is left as it was and can go on.
    public func finalize() -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: Self.byteCount) { buffer, count in
            finalize(into: UnsafeMutableRawBufferPointer(buffer))
            count = Self.byteCount
        }
    }

    /// Writes the digest of everything so far over the first 32 bytes of `destination`, without an allocation.
    ///
    /// - Precondition: `destination` has at least 32 bytes.
    public func finalize(into destination: UnsafeMutableRawBufferPointer) {
        precondition(destination.count >= Self.byteCount, "a SHA-256 digest needs 32 bytes")
        var copy = state
        // The precondition makes the buffer non-empty, so it has a base address.
        crypto_hash_sha256_final(&copy, destination.baseAddress!.assumingMemoryBound(to: UInt8.self))
    }

    /// The digest of `bytes`, 32 bytes.
    public static func hash(_ bytes: some Collection<UInt8>) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            withContiguousBytes(bytes) { input in
                let pointer = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
                _ = crypto_hash_sha256(buffer.baseAddress!, pointer, UInt64(input.count))
            }
            count = byteCount
        }
    }
}
