import MarketProgram
public import SodiumCrypto
public import Solana

/// Registers a server, without listings at first.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w     program address of `["server", owner]` with the highest bump, not yet created
/// 1 owner                w s   pays the rent
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] peer_key: X25519 key of the peer channel
///     40  string peer_address: at most 192 bytes, printable ASCII; may be empty
/// ```
public struct AddServerInstruction: MarketInstruction {
    /// The wallet that owns the server, pays its rent and will be paid.
    public var owner: Address

    /// The server's X25519 key of the peer channel.
    public var peerKey: X25519.PublicKey

    /// Where the server listens: at most 192 bytes of printable ASCII, or empty.
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
            InstructionDiscriminator.addServer,
            of: owner,
            peerKey: peerKey,
            peerAddress: peerAddress,
            in: market
        )
    }
}
