import MarketProgram
public import Solana

/// Returns stake and rent of a request whose time has passed to the client; anyone may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w
/// 2 server               w     the locking server; for an open or a direct request any account, ignored
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct ExpireRequestInstruction: MarketInstruction {
    /// The request.
    public var request: Address

    /// The client's wallet.
    public var requester: Address

    /// The account of the locking server; nil for an open request.
    public var server: Address?

    /// Adopts the arguments; the program checks them.
    public init(request: Address, requester: Address, server: Address? = nil) {
        self.request = request
        self.requester = requester
        self.server = server
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(request),
                .writable(requester),
                .writable(server ?? request),
            ],
            data: InstructionData(InstructionDiscriminator.expireRequest).bytes
        )
    }
}
