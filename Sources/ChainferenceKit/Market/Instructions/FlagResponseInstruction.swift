import MarketProgram
public import Solana

/// Marks a response as bad, once, from the lock on.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            s
/// 2 server               w     the request's server
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct FlagResponseInstruction: MarketInstruction {
    /// The request.
    public var request: Address

    /// The client's wallet.
    public var requester: Address

    /// The account of the request's server.
    public var server: Address

    /// Adopts the arguments; the program checks them.
    public init(request: Address, requester: Address, server: Address) {
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
                .readonlySigner(requester),
                .writable(server),
            ],
            data: InstructionData(InstructionDiscriminator.flagResponse).bytes
        )
    }
}
