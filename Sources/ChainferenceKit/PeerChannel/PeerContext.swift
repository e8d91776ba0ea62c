/// What both ends of a channel must agree on before a handshake can succeed: which chain, which program, which server.
///
/// These bytes are authenticated by the handshake and never sent. The server's wallet is among them so that somebody who
/// copies an honest server's peer key into an account of their own can't make clients talk to that server unawares.
public struct PeerContext: Hashable, Sendable {
    /// The cluster's genesis hash, 32 bytes.
    public let genesisHash: [UInt8]
    /// The market program's id, 32 bytes.
    public let program: [UInt8]
    /// The wallet that owns the server's account, 32 bytes.
    public let serverWallet: [UInt8]

    /// Names chain, program and server.
    ///
    /// - Precondition: each has 32 bytes.
    public init(genesisHash: [UInt8], program: [UInt8], serverWallet: [UInt8]) {
        precondition(
            genesisHash.count == 32 && program.count == 32 && serverWallet.count == 32,
            "genesis hash, program id and wallet have 32 bytes each"
        )
        self.genesisHash = genesisHash
        self.program = program
        self.serverWallet = serverWallet
    }

    /// The Noise prologue for a suite: protocol name, zero, suite, genesis hash, program, server wallet.
    func prologue(suite: PeerSuite) -> [UInt8] {
        Array("chainference/peer/1".utf8) + [0, suite.rawValue] + genesisHash + program + serverWallet
    }
}

/// A handshake and its ciphers; named by the server's address and never negotiated.
public enum PeerSuite: UInt8, Hashable, Sendable, CaseIterable {
    /// `Noise_XK_25519_ChaChaPoly_SHA256`.
    case noiseXK = 1
    /// `Noise_XKpsk3_25519_ChaChaPoly_SHA256`, the key from ML-KEM-768: what is recorded today stays closed to a later
    /// quantum computer.
    ///
    /// Built with the package's trait `PostQuantum`.
    case noiseXKpsk3MLKEM768 = 2

    /// Whether this build has the suite.
    public var isBuilt: Bool { self == .noiseXK || KeyEncapsulation.isBuilt }
}

/// The request that a session is about, as the client names it in the last message of the handshake.
///
/// Only the server can read it: neither a relay nor somebody on the wire learns which request a connection belongs to.
public struct PeerRequest: Hashable, Sendable {
    /// The address of the request's account on the chain, 32 bytes.
    public var address: [UInt8]

    /// Names a request.
    ///
    /// - Precondition: the address has 32 bytes.
    public init(address: [UInt8]) {
        precondition(address.count == 32, "an account address has 32 bytes")
        self.address = address
    }
}

/// A cumulative payment voucher as it travels: 80 bytes whose meaning and signature the market layer knows.
public struct PeerVoucher: Hashable, Sendable {
    /// How many bytes a voucher has on the wire.
    public static let byteCount = 80

    /// What the server may claim in all, in lamports.
    public var cumulative: UInt64
    /// The deadline that ties the voucher to one lock, in seconds since 1970.
    public var expiresAt: Int64
    /// The voucher signer's Ed25519 signature, 64 bytes.
    public var signature: [UInt8]

    /// Puts the parts together.
    ///
    /// - Precondition: the signature has 64 bytes.
    public init(cumulative: UInt64, expiresAt: Int64, signature: [UInt8]) {
        precondition(signature.count == 64, "an Ed25519 signature has 64 bytes")
        self.cumulative = cumulative
        self.expiresAt = expiresAt
        self.signature = signature
    }
}
