/// `close_server`: ends a server that has no request locked: fees to the treasury, everything else to the
/// owner.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
/// 2 market
/// 3 treasury             w     the market's
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CloseServer {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let owner = call.account(1)
        let marketAccount = call.account(2)
        let treasury = call.account(3)
        let server = try Server(account, ownedBy: owner, of: call.program)
        try owner.requireWritable()
        try require(server.openLocks == 0, else: .serverHasOpenLocks)
        // A treasury that its holder has emptied must not keep a server from its rent: such fees are forfeited.
        let swept = server.sweepFees(marketAccount, treasury, in: call)
        if swept != UInt64(ErrorCode.treasuryUnusable.rawValue) {
            try requireSuccess(swept)
        }
        call.emit(EventDiscriminator.serverClosed, account.key, owner.key)
        account.close(to: owner)
    }
}
