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
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let marketAccount = call.account(1)
        let treasury = call.account(2)
        let server = try Server(account, of: call.program)
        try require(server.feesOwed != 0, else: .nothingToCollect)
        try requireSuccess(server.sweepFees(marketAccount, treasury, in: call))
    }
}
