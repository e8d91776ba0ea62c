public import Solana

/// A key that owns money: the client's or the server's wallet.
///
/// Wraps any ``Solana/Signer``, so that a hardware wallet or a remote signer fits where a key file does.
public struct Wallet: Signer {
    private let signer: any Signer

    /// The wallet's address.
    public var address: Address { signer.address }

    /// Adopts a signer.
    public init(_ signer: any Signer) {
        self.signer = signer
    }

    /// The signature of `message`.
    public func sign(_ message: [UInt8]) throws -> Signature {
        try signer.sign(message)
    }

    /// The key in a file of the Solana tools.
    ///
    /// - Throws: ``Solana/KeypairError``.
    public static func file(_ path: String) throws -> Wallet {
        Wallet(try Keypair(contentsOf: path))
    }

    /// The Solana command line's default key, `~/.config/solana/id.json`.
    ///
    /// - Throws: ``WalletError`` or ``Solana/KeypairError``.
    public static func solanaCLIDefault() throws -> Wallet {
        guard let path = Keypair.solanaCLIDefaultPath else { throw WalletError.noHomeFolder }
        return try file(path)
    }

    /// A key in memory; whoever holds only this loses what it owns with the process.
    public static func keypair(_ keypair: Keypair) -> Wallet {
        Wallet(keypair)
    }
}

extension Wallet: CustomStringConvertible, CustomReflectable {
    /// The address alone.
    public var description: String { "Wallet(\(address))" }

    /// Shows the address and nothing of the signer.
    public var customMirror: Mirror { Mirror(self, children: ["address": address.base58]) }
}

/// Why there is no wallet.
public enum WalletError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The environment names no home folder, so there is no default key file.
    case noHomeFolder
    /// A seed must have 16 to 64 bytes.
    case unusableSeed(byteCount: Int)
    /// A disposable wallet can't be funded with less than it needs.
    case tooLittle(available: Lamports, needed: Lamports)

    /// What to do.
    public var description: String {
        switch self {
        case .noHomeFolder:
            "The environment names no home folder (HOME), so there is no default key file. Name a key file instead."
        case .unusableSeed(let count):
            "A seed of \(count) bytes can't be used. Give 16 to 64 bytes."
        case .tooLittle(let available, let needed):
            "\(needed) are needed for a disposable wallet, but only \(available) are there. Nothing was sent; fund the wallet."
        }
    }
}
