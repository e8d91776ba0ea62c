import MarketProgram
public import SodiumCrypto
public import Solana

/// Changes a server's peer key and peer address; rent is topped up or given back.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] peer_key
///     40  string peer_address: as in `add_server`
/// ```
public struct UpdateServerInstruction: MarketInstruction {
    /// The wallet that owns the server.
    public var owner: Address

    /// The server's X25519 key of the peer channel from now on.
    public var peerKey: X25519.PublicKey

    /// Where the server listens from now on: at most 192 bytes of printable ASCII, or empty.
    public var peerAddress: String

    /// Adopts the arguments; the program checks them.
    public init(owner: Address, peerKey: X25519.PublicKey, peerAddress: String) {
        self.owner = owner
        self.peerKey = peerKey
        self.peerAddress = peerAddress
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        .describingServer(
            InstructionDiscriminator.updateServer,
            of: owner,
            peerKey: peerKey,
            peerAddress: peerAddress,
            in: market
        )
    }
}
