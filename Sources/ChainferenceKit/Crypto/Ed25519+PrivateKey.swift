import CSodium

extension Ed25519 {
    /// A signing key, held in guarded memory that is wiped at the end.
    public struct PrivateKey: Sendable {
        /// Seed and public key, 64 bytes: the form in which libsodium and the Solana tools keep a secret key.
        public let secretKey: SecretBytes

        /// The public key, 32 bytes.
        public let publicKey: [UInt8]

        /// Draws a new key from the system's secure random source.
        public init() {
            self.init(derivedFrom: .random(count: Ed25519.seedByteCount))
        }

        /// The key that a 32-byte seed gives (RFC 8032), or `nil` if the seed has another length.
        public init?(seed: SecretBytes) {
            guard seed.count == Ed25519.seedByteCount else { return nil }
            self.init(derivedFrom: seed)
        }

        /// The key that a 32-byte seed gives, or `nil` if it has another length; wiping the original is up to its owner.
        public init?(seed: some Collection<UInt8>) {
            guard seed.count == Ed25519.seedByteCount else { return nil }
            self.init(derivedFrom: SecretBytes(copying: seed))
        }

        private init(derivedFrom seed: SecretBytes) {
            Sodium.initialize()
            var publicKey = [UInt8](repeating: 0, count: Ed25519.publicKeyByteCount)
            self.secretKey = SecretBytes(count: 64) { secret in
                seed.withUnsafeBytes { seed in
                    _ = crypto_sign_seed_keypair(
                        &publicKey,
                        secret.baseAddress!.assumingMemoryBound(to: UInt8.self),
                        seed.baseAddress!.assumingMemoryBound(to: UInt8.self)
                    )
                }
            }
            self.publicKey = publicKey
        }

        /// The deterministic signature of `message`, 64 bytes.
        public func sign(_ message: some Collection<UInt8>) -> [UInt8] {
            [UInt8](unsafeUninitializedCapacity: Ed25519.signatureByteCount) { signature, count in
                withContiguousBytes(message) { message in
                    sign(message, into: UnsafeMutableRawBufferPointer(signature))
                }
                count = Ed25519.signatureByteCount
            }
        }

        /// Writes the signature of `message` over the first 64 bytes of `destination`, without an allocation.
        ///
        /// - Precondition: `destination` has at least 64 bytes.
        public func sign(_ message: UnsafeRawBufferPointer, into destination: UnsafeMutableRawBufferPointer) {
            precondition(destination.count >= Ed25519.signatureByteCount, "an Ed25519 signature needs 64 bytes")
            secretKey.withUnsafeBytes { secret in
                // Fails on no input: the key has the right length and was made in `init`.
                _ = crypto_sign_detached(
                    destination.baseAddress!.assumingMemoryBound(to: UInt8.self),
                    nil,
                    message.baseAddress?.assumingMemoryBound(to: UInt8.self),
                    UInt64(message.count),
                    secret.baseAddress!.assumingMemoryBound(to: UInt8.self)
                )
            }
        }
    }
}
