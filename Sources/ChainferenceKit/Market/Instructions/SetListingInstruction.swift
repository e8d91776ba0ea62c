import MarketProgram
public import Solana

/// Offers a model, or changes the terms of one that is offered; new and raised terms bind later requests only.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s   pays the rent of a new listing
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 output_price: lamports per million output tokens, 1 to 2^32
///     16  u64 input_price: lamports per million input tokens, 0 to 2^32
///     24  u64 minimum_charge: lamports per session, 0 to 2^32
///     32  string model_id: 1 to 128 bytes, printable ASCII without spaces
/// ```
public struct SetListingInstruction: MarketInstruction {
    /// The wallet that owns the server and pays a new listing's rent.
    public var owner: Address

    /// The model.
    public var model: ModelID

    /// What it costs; the output price must not be zero.
    public var terms: Terms

    /// Adopts the arguments; the program checks them.
    public init(owner: Address, model: ModelID, terms: Terms) {
        self.owner = owner
        self.model = model
        self.terms = terms
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        var data = InstructionData(InstructionDiscriminator.setListing)
        data.append(terms.outputPrice)
        data.append(terms.inputPrice)
        data.append(terms.minimumCharge)
        data.append(string: model.name)
        return Instruction(
            program: market.program,
            accounts: [
                .writable(market.server(of: owner)),
                .writableSigner(owner),
                .readonly(SystemProgram.id),
            ],
            data: data.bytes
        )
    }
}
