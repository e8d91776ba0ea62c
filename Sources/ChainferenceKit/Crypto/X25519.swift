import CSodium

/// Diffie-Hellman over Curve25519 (RFC 7748).
public enum X25519 {
    /// How many bytes a key or a shared secret has.
    public static let byteCount = 32

    /// A public key: 32 bytes, compared and hashed by value.
    public struct PublicKey: Hashable, Sendable {
        // Four words instead of an array: a key is a value without a heap allocation.
        private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

        /// Takes the 32 bytes of a key.
        ///
        /// - Throws: ``X25519/KeyError/wrongLength(_:)`` for any other count.
        public init(bytes: some Collection<UInt8>) throws(KeyError) {
            guard bytes.count == X25519.byteCount else { throw .wrongLength(bytes.count) }
            Swift.withUnsafeMutableBytes(of: &words) { $0.copyBytes(from: bytes) }
        }

        /// Reads the key from exactly 32 bytes of memory.
        ///
        /// - Precondition: the buffer has 32 bytes.
        public init(copying bytes: UnsafeRawBufferPointer) {
            precondition(bytes.count == X25519.byteCount, "an X25519 key has 32 bytes")
            Swift.withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
        }

        /// The key's bytes.
        public var bytes: [UInt8] { withUnsafeBytes { [UInt8]($0) } }

        /// Lends the key's bytes for the duration of the call.
        public func withUnsafeBytes<Result, Failure: Error>(
            _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            let copy = words
            return try Swift.withUnsafeBytes(of: copy) { bytes throws(Failure) in try body(bytes) }
        }

        /// Whether every Diffie-Hellman with this key would give zero, whatever the private key.
        ///
        /// Such a key belongs to nobody: its holder needs no private key to know the "secret".
        public var isLowOrder: Bool {
            // Any valid scalar will do: clamping makes it a multiple of the cofactor, and that alone decides.
            let probe = [UInt8](repeating: 0x55, count: X25519.byteCount)
            var output = [UInt8](repeating: 0, count: X25519.byteCount)
            return withUnsafeBytes { key in
                crypto_scalarmult_curve25519(&output, probe, key.baseAddress!.assumingMemoryBound(to: UInt8.self)) != 0
            }
        }

        /// Compares the bytes.
        public static func == (lhs: PublicKey, rhs: PublicKey) -> Bool { lhs.words == rhs.words }

        /// Feeds the bytes to the hasher.
        public func hash(into hasher: inout Hasher) {
            withUnsafeBytes { hasher.combine(bytes: $0) }
        }
    }

    /// A private key, wiped when the last reference goes.
    public struct PrivateKey: Sendable {
        /// The public half.
        public let publicKey: PublicKey
        private let scalar: SecretBytes

        /// Draws a new key from the system's secure random source.
        public init() {
            self.init(scalar: .random(count: X25519.byteCount))
        }

        /// Takes a secret of 32 bytes.
        ///
        /// - Throws: ``X25519/KeyError/wrongLength(_:)`` for any other count.
        public init(_ secret: SecretBytes) throws(KeyError) {
            guard secret.count == X25519.byteCount else { throw .wrongLength(secret.count) }
            self.init(scalar: secret)
        }

        /// Copies 32 secret bytes; wiping the original is up to its owner.
        ///
        /// - Throws: ``X25519/KeyError/wrongLength(_:)`` for any other count.
        public init(bytes: some Collection<UInt8>) throws(KeyError) {
            guard bytes.count == X25519.byteCount else { throw .wrongLength(bytes.count) }
            self.init(scalar: SecretBytes(copying: bytes))
        }

        private init(scalar: SecretBytes) {
            Sodium.initialize()
            self.scalar = scalar
            var output = [UInt8](repeating: 0, count: X25519.byteCount)
            scalar.withUnsafeBytes { secret in
                // Never fails: the base point has full order.
                _ = crypto_scalarmult_curve25519_base(
                    &output,
                    secret.baseAddress!.assumingMemoryBound(to: UInt8.self)
                )
            }
            publicKey = output.withUnsafeBytes { PublicKey(copying: $0) }
        }

        /// Lends the secret for the duration of the call, for storing it where it is safe.
        public func withUnsafeBytes<Result, Failure: Error>(
            _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
        ) throws(Failure) -> Result {
            try scalar.withUnsafeBytes(body)
        }

        /// Writes the secret shared with `peer` over the first 32 bytes of `destination`.
        ///
        /// - Throws: ``X25519/KeyError/zeroSharedSecret`` when `peer` is a point of low order; the destination is zero then.
        /// - Precondition: `destination` has at least 32 bytes.
        public func sharedSecret(
            with peer: PublicKey,
            into destination: UnsafeMutableRawBufferPointer
        ) throws(KeyError) {
            precondition(destination.count >= X25519.byteCount, "a shared secret needs 32 bytes")
            let result = scalar.withUnsafeBytes { secret in
                peer.withUnsafeBytes { point in
                    crypto_scalarmult_curve25519(
                        destination.baseAddress!.assumingMemoryBound(to: UInt8.self),
                        secret.baseAddress!.assumingMemoryBound(to: UInt8.self),
                        point.baseAddress!.assumingMemoryBound(to: UInt8.self)
                    )
                }
            }
            guard result == 0 else {
                ConstantTime.wipe(destination)
                throw .zeroSharedSecret
            }
        }

        /// The secret shared with `peer`.
        ///
        /// - Throws: ``X25519/KeyError/zeroSharedSecret`` when `peer` is a point of low order.
        public func sharedSecret(with peer: PublicKey) throws(KeyError) -> SecretBytes {
            try SecretBytes(count: X25519.byteCount) { buffer throws(KeyError) in
                try sharedSecret(with: peer, into: buffer)
            }
        }
    }

    /// Why a key was refused.
    public enum KeyError: Error, Hashable, CustomStringConvertible {
        /// A key of this many bytes was given; there are always 32.
        case wrongLength(Int)
        /// The peer's key is a point of low order: the shared secret would be zero, known to everybody.
        case zeroSharedSecret

        /// What happened and what to do.
        public var description: String {
            switch self {
            case .wrongLength(let count): "An X25519 key has 32 bytes, not \(count)."
            case .zeroSharedSecret:
                "The peer's X25519 key is a point of low order and protects nothing: refuse the peer."
            }
        }
    }
}

extension X25519.PublicKey: CustomStringConvertible {
    /// The key in hexadecimal digits.
    public var description: String {
        let digits = Array("0123456789abcdef".utf8)
        return withUnsafeBytes { bytes in
            String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
        }
    }
}

extension X25519.PrivateKey: CustomStringConvertible, CustomReflectable {
    /// The public half alone.
    public var description: String { "X25519.PrivateKey(public: \(publicKey))" }

    /// Shows nothing secret to debuggers and `dump`.
    public var customMirror: Mirror { Mirror(self, children: ["publicKey": publicKey]) }
}
