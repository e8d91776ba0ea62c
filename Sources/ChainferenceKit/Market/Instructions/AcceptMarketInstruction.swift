import MarketProgram
public import Solana

/// Makes the pending authority the market's authority.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market               w
/// 1 pending authority    s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct AcceptMarketInstruction: MarketInstruction {
    /// Who was named by the present authority.
    public var pendingAuthority: Address

    /// Adopts the arguments; the program checks them.
    public init(pendingAuthority: Address) {
        self.pendingAuthority = pendingAuthority
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(market.address),
                .readonlySigner(pendingAuthority),
            ],
            data: InstructionData(InstructionDiscriminator.acceptMarket).bytes
        )
    }
}
