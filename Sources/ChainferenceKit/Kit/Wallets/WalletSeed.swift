public import SodiumCrypto
public import Solana

/// One secret from which any number of wallets follow, so that one backup keeps them all.
///
/// The keys are derived as Solana's wallets do: SLIP-0010 for Ed25519 along `m/44'/501'/n'/0'`. Whatever wallet takes the
/// same seed finds the same addresses.
///
/// Source: SLIP-0010, "Universal private key derivation from master private key".
public struct WalletSeed: Sendable {
    private let seed: SecretBytes

    /// How many bytes a seed may have.
    public static let byteCounts = 16...64

    /// Adopts a seed, such as the 64 bytes that BIP 39 makes of twelve or twenty-four words.
    ///
    /// - Throws: ``WalletError/unusableSeed(byteCount:)`` unless it has 16 to 64 bytes.
    public init(_ seed: SecretBytes) throws(WalletError) {
        guard Self.byteCounts.contains(seed.count) else { throw .unusableSeed(byteCount: seed.count) }
        self.seed = seed
    }

    /// Takes the 32 secret bytes of a key for a seed: a key file of the Solana tools is the backup then.
    ///
    /// Use the file for nothing else; its own address need never hold anything.
    public init(of keypair: Keypair) {
        seed = keypair.secretKey.withUnsafeBytes { SecretBytes(copying: $0.prefix(32)) }
    }

    /// The seed in a key file of the Solana tools, as `solana-keygen new` or ``Solana/Keypair/write(to:overwrite:)`` makes it.
    ///
    /// - Throws: ``Solana/KeypairError``.
    public init(contentsOf path: String) throws(KeypairError) {
        self.init(of: try Keypair(contentsOf: path))
    }

    /// The key at `m/44'/501'/index'/0'`.
    ///
    /// - Precondition: `index` is below 2³¹.
    public func keypair(_ index: UInt32) -> Keypair {
        precondition(index < 1 << 31, "a derivation index has 31 bits")
        let master = HMACSHA512.authenticationCode(
            for: seed,
            key: SecretBytes(copying: Array("ed25519 seed".utf8))
        )
        let node = [44, 501, index, 0].reduce(master) { Self.child($1, of: $0) }
        do {
            return try Keypair(seed: node.withUnsafeBytes { SecretBytes(copying: $0.prefix(32)) })
        } catch {
            preconditionFailure("half of an HMAC-SHA-512 tag has 32 bytes")
        }
    }

    /// Tells one seed from another in a journal, without saying anything of it: the address of its first key.
    var name: Address { keypair(0).address }

    /// A hardened child; Ed25519 has no others.
    private static func child(_ index: UInt32, of parent: SecretBytes) -> SecretBytes {
        let hardened = (index | 1 << 31).bigEndian
        let message = SecretBytes(count: 37) { message in
            parent.withUnsafeBytes { parent in
                message[0] = 0
                for place in 0..<32 { message[1 + place] = parent[place] }
            }
            withUnsafeBytes(of: hardened) { index in
                for place in 0..<4 { message[33 + place] = index[place] }
            }
        }
        let code = parent.withUnsafeBytes { SecretBytes(copying: $0.suffix(32)) }
        return HMACSHA512.authenticationCode(for: message, key: code)
    }
}

extension WalletSeed: CustomStringConvertible, CustomReflectable {
    /// Nothing of the secret.
    public var description: String { "WalletSeed(hidden)" }

    /// Shows nothing of the secret to debuggers and `dump`.
    public var customMirror: Mirror { Mirror(self, children: [:]) }
}
