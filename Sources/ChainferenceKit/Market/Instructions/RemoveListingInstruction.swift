import MarketProgram
public import Solana

/// Offers a model no longer; the listings behind it move up by one, and its rent goes back.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] model_hash: SHA-256 of the model id
///     40  end
/// ```
public struct RemoveListingInstruction: MarketInstruction {
    /// The wallet that owns the server.
    public var owner: Address

    /// The model's hash.
    public var model: ModelHash

    /// Adopts the arguments; the program checks them.
    public init(owner: Address, model: ModelHash) {
        self.owner = owner
        self.model = model
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        var data = InstructionData(InstructionDiscriminator.removeListing)
        data.append(model)
        return Instruction(
            program: market.program,
            accounts: [
                .writable(market.server(of: owner)),
                .writableSigner(owner),
            ],
            data: data.bytes
        )
    }
}
