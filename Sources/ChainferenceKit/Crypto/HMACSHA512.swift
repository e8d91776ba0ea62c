import CSodium

/// HMAC-SHA-512 (RFC 2104) with a key of any length, over secrets: what goes in and comes out stays in guarded memory.
public enum HMACSHA512 {
    /// How many bytes a tag has.
    public static let byteCount = 64

    /// The tag of `message`, 64 bytes.
    public static func authenticationCode(for message: SecretBytes, key: SecretBytes) -> SecretBytes {
        SecretBytes(count: byteCount) { tag in
            message.withUnsafeBytes { message in
                key.withUnsafeBytes { key in
                    var state = crypto_auth_hmacsha512_state()
                    let output = tag.baseAddress!.assumingMemoryBound(to: UInt8.self)
                    // Where there are no bytes the pointer is not read.
                    let keyBytes = key.baseAddress?.assumingMemoryBound(to: UInt8.self) ?? UnsafePointer(output)
                    crypto_auth_hmacsha512_init(&state, keyBytes, key.count)
                    if let bytes = message.baseAddress?.assumingMemoryBound(to: UInt8.self) {
                        crypto_auth_hmacsha512_update(&state, bytes, UInt64(message.count))
                    }
                    crypto_auth_hmacsha512_final(&state, output)
                    withUnsafeMutableBytes(of: &state) { ConstantTime.wipe($0) }
                }
            }
        }
    }
}
