/// `collect_fees`: sends the fees that a server owes to the treasury.
///
/// Anyone may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 market
/// 2 treasury             w     the market's
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CollectFees {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        let account = try call.firstAccount(of: accountCount)
        let marketAccount = try account.next()
        let treasury = try marketAccount.next()
        try call.requireArguments(end: 8)
        let server = try Server(account, of: call.program)
        try account.requireWritable()
        let market = try Market(marketAccount, of: call.program)
        try require(equalKeys(market.treasury, treasury.key), else: .wrongTreasury)
        try treasury.requireWritable()
        let fees = server.feesOwed
        try require(fees != 0, else: .nothingToCollect)
        let rent = try call.rent()
        try require(treasury.isSystemOwned && rent.allows(treasury, toReceive: fees), else: .treasuryUnusable)
        server.feesOwed = 0
        account.pay(fees, to: treasury)
        call.emit(call.event(EventDiscriminator.feesCollected).key(account.key).word(fees))
    }
}
