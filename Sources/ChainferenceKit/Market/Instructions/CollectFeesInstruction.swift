import MarketProgram
public import Solana

/// Sends the fees that a server owes to the treasury; anyone may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 market
/// 2 treasury             w     the market's
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct CollectFeesInstruction: MarketInstruction {
    /// The wallet that owns the server.
    public var owner: Address

    /// The market's treasury.
    public var treasury: Address

    /// Adopts the arguments; the program checks them.
    public init(owner: Address, treasury: Address) {
        self.owner = owner
        self.treasury = treasury
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(market.server(of: owner)),
                .readonly(market.address),
                .writable(treasury),
            ],
            data: InstructionData(InstructionDiscriminator.collectFees).bytes
        )
    }
}
