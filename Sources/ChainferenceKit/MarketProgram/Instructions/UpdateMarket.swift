/// `update_market`: changes fee, treasury and minimum, and names a successor of the authority.
///
/// Locks keep the fee they were made under.
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
public enum UpdateMarket {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: who may accept the market; zero for nobody.
        public static let pendingAuthority = 8
        /// u64.
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
        let first = call.account(0)
        let authority = call.account(1)
        let treasury = call.account(2)
        let market = try Market(first, of: call.program)
        try first.requireWritable()
        try authority.requireSigner()
        try requireEqual(market.authority, authority.key, else: .notMarketAuthority)
        let fee = call.arguments.u16(Arguments.feeBasisPoints)
        try require(fee <= MarketLimits.feeBasisPoints, else: .feeTooHigh)
        try requireUsable(treasury, in: call)
        copyKey(from: call.arguments + Arguments.pendingAuthority, to: market.pendingAuthority)
        copyKey(from: treasury.key, to: market.treasury)
        market.minimumComparedCharge = call.arguments.word(Arguments.minimumComparedCharge)
        market.feeBasisPoints = fee
        market.emit(EventDiscriminator.marketUpdated, in: call)
    }
}
