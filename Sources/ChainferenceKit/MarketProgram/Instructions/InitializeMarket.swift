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
        try call.locate(accountCount)
        try call.requireArguments(end: Arguments.end)
        let market = call.account(0)
        let authority = call.account(1)
        let treasury = call.account(2)
        let program = call.account(3)
        let programData = call.account(4)
        let system = call.account(5)
        try call.requireCreation(of: market, by: authority, system: system)
        try requireUpgradeAuthority(authority, program: program, programData: programData, of: call.program)
        let fee = call.arguments.u16(Arguments.feeBasisPoints)
        try require(fee <= MarketLimits.feeBasisPoints, else: .feeTooHigh)
        try requireUsable(treasury, in: call)
        call.text.setWord(0, 0x7465_6b72_616d)
        call.seeds[0] = Seed(call.text, count: 6)
        let bump = try call.createOnly(market, payer: authority, seedCount: 1, space: UInt64(MarketLayout.size))
        let data = market.data
        data.setWord(MarketLayout.discriminator, AccountDiscriminator.market)
        copyKey(from: call.arguments + Arguments.authority, to: data + MarketLayout.authority)
        copyKey(from: treasury.key, to: data + MarketLayout.treasury)
        data.setByte(MarketLayout.version, 1)
        data.setByte(MarketLayout.bump, bump)
        let created = try Market(market, of: call.program)
        created.minimumComparedCharge = call.arguments.word(Arguments.minimumComparedCharge)
        created.feeBasisPoints = fee
        created.emit(EventDiscriminator.marketInitialized, in: call)
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
        try requireEqual(program.key, address, else: .invalidProgramID)
        try require(isUpgradeableLoader(program.owner), else: .accountOwnedByWrongProgram)
        try require(program.dataLength >= 36 && program.data.u32(0) == 2, else: .accountDidNotDeserialize)
        try requireEqual(program.data + 4, programData.key, else: .constraintAddress)
        try require(isUpgradeableLoader(programData.owner), else: .accountOwnedByWrongProgram)
        try require(programData.dataLength >= 45 && programData.data.u32(0) == 3, else: .accountDidNotDeserialize)
        try require(programData.data.byte(12) == 1, else: .notUpgradeAuthority)
        try requireEqual(programData.data + 13, authority.key, else: .notUpgradeAuthority)
    }

    /// `BPFLoaderUpgradeab1e11111111111111111111111`.
    @inline(never)
    private static func isUpgradeableLoader(_ key: UnsafeMutableRawPointer) -> Bool {
        isKey(key, 0xb0a1_884e_91f6_a802, 0x2bae_63f7_3e15_10e2, 0xd224_c116_3db9_c200, 0x0000_8004_107a_53c0)
    }
}
