/// `initialize_market`: creates the market.
///
/// Only the upgrade authority of the program may do so.
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
public enum InitializeMarket {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 6

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: who may change the market.
        public static let authority = 8
        /// u64: smallest charge that may be compared.
        public static let minimumComparedCharge = 40
        /// u16: at most 1,000.
        public static let feeBasisPoints = 48
        /// Length of the instruction's data.
        public static let end = 50
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        let market = try call.firstAccount(of: accountCount)
        let authority = try market.next()
        let treasury = try authority.next()
        let program = try treasury.next()
        let programData = try program.next()
        let system = try programData.next()
        try call.requireArguments(end: Arguments.end)
        try authority.requireSigner()
        try authority.requireWritable()
        try market.requireVacant()
        try system.requireSystemProgram()
        try requireUpgradeAuthority(authority, program: program, programData: programData, of: call.program)
        let fee = call.arguments.u16(Arguments.feeBasisPoints)
        try require(fee <= MarketLimits.feeBasisPoints, else: .feeTooHigh)
        let rent = try call.rent()
        try require(isUsableTreasury(treasury, rent: rent), else: .treasuryUnusable)
        let bump = try call.create(
            market,
            payer: authority,
            seed: UInt64(0x74_656b_72_616d),
            seedLength: 6,
            key: nil,
            space: UInt64(MarketLayout.size),
            rent: rent
        )
        let data = market.data
        data.setWord(MarketLayout.discriminator, AccountDiscriminator.market)
        copyKey(from: call.arguments + Arguments.authority, to: data + MarketLayout.authority)
        copyKey(from: treasury.key, to: data + MarketLayout.treasury)
        data.setByte(MarketLayout.version, 1)
        data.setByte(MarketLayout.bump, bump)
        let created = try Market(market, of: call.program)
        created.minimumComparedCharge = call.arguments.word(Arguments.minimumComparedCharge)
        created.feeBasisPoints = fee
        call.emit(created.event(EventDiscriminator.marketInitialized, in: call))
    }

    /// Follows the upgradeable loader's accounts: Program (u32 2, then the address of the program data) to ProgramData
    /// (u32 3, u64 slot, u8 1 if there is an authority, its address).
    @inline(__always)
    private static func requireUpgradeAuthority(
        _ authority: Account,
        program: Account,
        programData: Account,
        of address: UnsafeMutableRawPointer
    ) throws(Refusal) {
        try require(equalKeys(program.key, address), else: .invalidProgramID)
        try require(isUpgradeableLoader(program.owner), else: .accountOwnedByWrongProgram)
        try require(program.dataLength >= 36 && program.data.u32(0) == 2, else: .accountDidNotDeserialize)
        try require(equalKeys(program.data + 4, programData.key), else: .constraintAddress)
        try require(isUpgradeableLoader(programData.owner), else: .accountOwnedByWrongProgram)
        try require(programData.dataLength >= 45 && programData.data.u32(0) == 3, else: .accountDidNotDeserialize)
        try require(
            programData.data.byte(12) == 1 && equalKeys(programData.data + 13, authority.key),
            else: .notUpgradeAuthority
        )
    }

    /// `BPFLoaderUpgradeab1e11111111111111111111111`.
    @inline(__always)
    private static func isUpgradeableLoader(_ key: UnsafeMutableRawPointer) -> Bool {
        isKey(key, 0xb0a1_884e_91f6_a802, 0x2bae_63f7_3e15_10e2, 0xd224_c116_3db9_c200, 0x0000_8004_107a_53c0)
    }
}
