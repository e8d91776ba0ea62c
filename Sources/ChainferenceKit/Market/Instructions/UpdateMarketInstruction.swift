import MarketProgram
public import Solana

/// Changes the market's fee, treasury and minimum, and names a successor of its authority.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market               w
/// 1 authority            s     the market's authority
/// 2 treasury             w     the treasury from now on; system-owned, rent-exempt
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] pending_authority: who may accept the market; zero for nobody
///     40  u64 minimum_compared_charge
///     48  u16 fee_basis_points: at most 1,000
///     50  end
/// ```
public struct UpdateMarketInstruction: MarketInstruction {
    /// The market's authority.
    public var authority: Address

    /// The treasury from now on; a wallet that holds the rent exemption.
    public var treasury: Address

    /// Who may accept the market; nil for nobody.
    public var pendingAuthority: Address?

    /// The smallest charge of a response that may be compared.
    public var minimumComparedCharge: Lamports

    /// The market's share of a server's charge, at most 10 %; locks keep the fee they were made under.
    public var fee: BasisPoints

    /// Adopts the arguments; the program checks them.
    public init(
        authority: Address,
        treasury: Address,
        pendingAuthority: Address? = nil,
        minimumComparedCharge: Lamports,
        fee: BasisPoints
    ) {
        self.authority = authority
        self.treasury = treasury
        self.pendingAuthority = pendingAuthority
        self.minimumComparedCharge = minimumComparedCharge
        self.fee = fee
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        let data = InstructionData(
            InstructionDiscriminator.updateMarket,
            authority: pendingAuthority ?? .zero,
            minimumComparedCharge: minimumComparedCharge,
            fee: fee
        )
        return Instruction(
            program: market.program,
            accounts: [
                .writable(market.address),
                .readonlySigner(authority),
                .writable(treasury),
            ],
            data: data.bytes
        )
    }
}
