import MarketProgram
public import Solana

/// Gives a lock back: the request is open again, or goes back to the client.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                s
/// 3 requester            w     paid when the request ends
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct ReleaseRequestInstruction: MarketInstruction {
    /// The wallet that owns the server.
    public var owner: Address

    /// The request.
    public var request: Address

    /// The client's wallet.
    public var requester: Address

    /// Adopts the arguments; the program checks them.
    public init(owner: Address, request: Address, requester: Address) {
        self.owner = owner
        self.request = request
        self.requester = requester
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(request),
                .writable(market.server(of: owner)),
                .readonlySigner(owner),
                .writable(requester),
            ],
            data: InstructionData(InstructionDiscriminator.releaseRequest).bytes
        )
    }
}
