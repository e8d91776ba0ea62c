import MarketProgram
public import Solana

/// Shortens the deadline of a locked request to ten minutes from now, if it is later.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct BeginCloseInstruction: MarketInstruction {
    /// The request.
    public var request: Address

    /// The client's wallet.
    public var requester: Address

    /// Adopts the arguments; the program checks them.
    public init(request: Address, requester: Address) {
        self.request = request
        self.requester = requester
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(request),
                .readonlySigner(requester),
            ],
            data: InstructionData(InstructionDiscriminator.beginClose).bytes
        )
    }
}
