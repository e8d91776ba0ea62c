import CSodium

/// HMAC-SHA-256 (RFC 2104) with a key of any length.
public enum HMACSHA256 {
    /// How many bytes a tag has.
    public static let byteCount = 32

    /// Writes the tag of the concatenation `first ‖ second` over the first 32 bytes of `destination`.
    ///
    /// All inputs may overlap the destination: it is written last. Nothing is allocated, and the state is wiped.
    ///
    /// - Precondition: `destination` has at least 32 bytes.
    public static func authenticate(
        _ first: UnsafeRawBufferPointer,
        _ second: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0),
        key: UnsafeRawBufferPointer,
        into destination: UnsafeMutableRawBufferPointer
    ) {
        precondition(destination.count >= byteCount, "an HMAC-SHA-256 tag needs 32 bytes")
        var state = crypto_auth_hmacsha256_state()
        // An empty key is legal; the pointer is not read then.
        let keyBytes = key.baseAddress ?? UnsafeRawPointer(destination.baseAddress!)
        crypto_auth_hmacsha256_init(&state, keyBytes.assumingMemoryBound(to: UInt8.self), key.count)
        update(&state, first)
        update(&state, second)
        crypto_auth_hmacsha256_final(&state, destination.baseAddress!.assumingMemoryBound(to: UInt8.self))
        withUnsafeMutableBytes(of: &state) { ConstantTime.wipe($0) }
    }

    private static func update(_ state: inout crypto_auth_hmacsha256_state, _ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        crypto_auth_hmacsha256_update(&state, base.assumingMemoryBound(to: UInt8.self), UInt64(bytes.count))
    }

    /// The tag of `message`, 32 bytes.
    public static func authenticationCode(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: byteCount) { buffer, count in
            message.withUnsafeBytes { message in
                key.withUnsafeBytes { key in
                    authenticate(message, key: key, into: UnsafeMutableRawBufferPointer(buffer))
                }
            }
            count = byteCount
        }
    }

    /// Whether `tag` authenticates `message` under `key`; compares in constant time.
    public static func isValid(_ tag: [UInt8], for message: [UInt8], key: [UInt8]) -> Bool {
        ConstantTime.areEqual(tag, authenticationCode(for: message, key: key))
    }
}
