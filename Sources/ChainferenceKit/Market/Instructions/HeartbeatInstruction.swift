import MarketProgram
public import Solana

/// Shows that a server is alive; without one in 15 minutes it may not lock.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct HeartbeatInstruction: MarketInstruction {
    /// The wallet that owns the server.
    public var owner: Address

    /// Adopts the arguments; the program checks them.
    public init(owner: Address) {
        self.owner = owner
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(market.server(of: owner)),
                .readonlySigner(owner),
            ],
            data: InstructionData(InstructionDiscriminator.heartbeat).bytes
        )
    }
}
