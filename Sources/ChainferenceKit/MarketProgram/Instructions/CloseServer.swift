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
        let account = try call.firstAccount(of: accountCount)
        let owner = try account.next()
        let marketAccount = try owner.next()
        let treasury = try marketAccount.next()
        try call.requireArguments(end: 8)
        let server = try Server(account, of: call.program)
        try account.requireWritable()
        try server.requireOwner(owner)
        try owner.requireWritable()
        let market = try Market(marketAccount, of: call.program)
        try require(equalKeys(market.treasury, treasury.key), else: .wrongTreasury)
        try require(server.openLocks == 0, else: .serverHasOpenLocks)
        let fees = server.feesOwed
        if fees != 0 {
            try treasury.requireWritable()
            // A treasury that its holder has emptied must not keep a server from its rent: such fees are forfeited.
            if treasury.isSystemOwned, try call.rent().allows(treasury, toReceive: fees) {
                account.pay(fees, to: treasury)
            }
        }
        call.emit(call.event(EventDiscriminator.serverClosed).key(account.key).key(owner.key))
        account.close(to: owner)
    }
}
