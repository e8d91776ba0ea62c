import MarketProgram
public import Solana

/// Creates the market; only the program's upgrade authority may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market               w     program address of `["market"]`, not yet created
/// 1 authority            w s   upgrade authority of the program; pays the rent
/// 2 treasury             w     system-owned, rent-exempt
/// 3 program                    this program
/// 4 program data               its ProgramData account under the upgradeable loader
/// 5 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] authority: who may change the market
///     40  u64 minimum_compared_charge: smallest charge that may be compared
///     48  u16 fee_basis_points: at most 1,000
///     50  end
/// ```
public struct InitializeMarketInstruction: MarketInstruction {
    /// The upgrade authority of the program, which pays the rent.
    public var upgradeAuthority: Address

    /// Who may change the market from then on.
    public var authority: Address

    /// Where fees go; a wallet that holds the rent exemption.
    public var treasury: Address

    /// The smallest charge of a response that may be compared.
    public var minimumComparedCharge: Lamports

    /// The market's share of a server's charge, at most 10 %.
    public var fee: BasisPoints

    /// Adopts the arguments; the program checks them.
    public init(
        upgradeAuthority: Address,
        authority: Address,
        treasury: Address,
        minimumComparedCharge: Lamports,
        fee: BasisPoints
    ) {
        self.upgradeAuthority = upgradeAuthority
        self.authority = authority
        self.treasury = treasury
        self.minimumComparedCharge = minimumComparedCharge
        self.fee = fee
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        let data = InstructionData(
            InstructionDiscriminator.initializeMarket,
            authority: authority,
            minimumComparedCharge: minimumComparedCharge,
            fee: fee
        )
        return Instruction(
            program: market.program,
            accounts: [
                .writable(market.address),
                .writableSigner(upgradeAuthority),
                .writable(treasury),
                .readonly(market.program),
                .readonly(market.programData),
                .readonly(SystemProgram.id),
            ],
            data: data.bytes
        )
    }
}
