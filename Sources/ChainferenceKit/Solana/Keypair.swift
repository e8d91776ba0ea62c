public import SodiumCrypto

/// An Ed25519 key that signs for its address; the secret half lies in guarded memory and is wiped at the end.
public final class Keypair: Signer {
    private let key: Ed25519.PrivateKey

    /// The public key.
    public let address: Address

    /// Draws a new key from the system's secure random source.
    public init() {
        self.key = Ed25519.PrivateKey()
        self.address = Self.address(of: key)
    }

    /// The key that a seed of 32 bytes gives.
    ///
    /// - Throws: ``KeypairError/wrongSeedByteCount(_:)``.
    public init(seed: SecretBytes) throws(KeypairError) {
        guard let key = Ed25519.PrivateKey(seed: seed) else { throw .wrongSeedByteCount(seed.count) }
        self.key = key
        self.address = Self.address(of: key)
    }

    /// The key that a seed of 32 bytes gives; wiping the original is up to its owner.
    ///
    /// - Throws: ``KeypairError/wrongSeedByteCount(_:)``.
    public convenience init(seed: some Collection<UInt8>) throws(KeypairError) {
        try self.init(seed: SecretBytes(copying: seed))
    }

    /// The key of 64 bytes, seed and public key, as the Solana tools write it.
    ///
    /// - Throws: ``KeypairError`` if the size is wrong or the public half is not the seed's.
    public convenience init(secretKey: SecretBytes) throws(KeypairError) {
        guard secretKey.count == 64 else { throw .wrongSecretKeyByteCount(secretKey.count) }
        let seed = secretKey.withUnsafeBytes { SecretBytes(copying: $0.prefix(32)) }
        try self.init(seed: seed)
        // Signing with a public half that is not the seed's would give the secret away.
        guard self.key.secretKey == secretKey else { throw .mismatchedPublicKey }
    }

    /// The key of 64 bytes, seed and public key; wiping the original is up to its owner.
    public convenience init(secretKey: some Collection<UInt8>) throws(KeypairError) {
        try self.init(secretKey: SecretBytes(copying: secretKey))
    }

    private static func address(of key: Ed25519.PrivateKey) -> Address {
        do {
            return try Address(bytes: key.publicKey)
        } catch {
            preconditionFailure("an Ed25519 public key has 32 bytes")
        }
    }

    /// Seed and public key, 64 bytes, as the Solana tools write them.
    public var secretKey: SecretBytes { key.secretKey }

    /// The signature of `message`; the same message always gives the same one.
    public func sign(_ message: [UInt8]) -> Signature {
        var signature = Signature.zero
        withUnsafeMutableBytes(of: &signature) { signature in
            message.withUnsafeBytes { key.sign($0, into: signature) }
        }
        return signature
    }
}

extension Keypair: CustomStringConvertible, CustomReflectable {
    /// The address alone, so that no log ever holds the secret.
    public var description: String { "Keypair(\(address))" }

    /// Shows the address and nothing of the secret to debuggers and `dump`.
    public var customMirror: Mirror { Mirror(self, children: ["address": address.base58]) }
}
