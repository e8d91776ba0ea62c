import MarketProgram
public import Solana

/// Ends a server that has no request locked: fees to the treasury, everything else to the owner.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
/// 2 market
/// 3 treasury             w     the market's
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct CloseServerInstruction: MarketInstruction {
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
                .writableSigner(owner),
                .readonly(market.address),
                .writable(treasury),
            ],
            data: InstructionData(InstructionDiscriminator.closeServer).bytes
        )
    }
}
