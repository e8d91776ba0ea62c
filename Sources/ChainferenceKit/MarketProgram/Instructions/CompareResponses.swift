/// `compare_responses`: says which of two claimed responses was better.
///
/// Both clients sign; where they are one, the last account may repeat the
/// one before it or be left out.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market
/// 1 preferred request    w
/// 2 other request        w
/// 3 preferred server     w
/// 4 other server         w
/// 5 preferred requester  s
/// 6 other requester      s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CompareResponses {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 6

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        let marketAccount = try call.firstAccount(of: accountCount)
        let preferredAccount = try marketAccount.next()
        let otherAccount = try preferredAccount.next()
        let preferredServerAccount = try otherAccount.next()
        let otherServerAccount = try preferredServerAccount.next()
        let preferredRequester = try otherServerAccount.next()
        try call.requireArguments(end: 8)
        let market = try Market(marketAccount, of: call.program)
        let preferred = try Request(preferredAccount, of: call.program)
        let other = try Request(otherAccount, of: call.program)
        try preferredRequester.requireSigner()
        try preferred.requireRequester(preferredRequester)
        if !equalKeys(other.requester, preferredRequester.key) {
            try require(call.accountCount > accountCount, else: .accountNotEnoughKeys)
            let otherRequester = try preferredRequester.next()
            try otherRequester.requireSigner()
            try other.requireRequester(otherRequester)
        }
        try require(!equalKeys(preferred.server, other.server), else: .sameServer)
        try require(
            equalKeys(preferred.data + RequestLayout.modelHash, other.data + RequestLayout.modelHash),
            else: .modelMismatch
        )
        try check(preferred, against: market)
        try check(other, against: market)
        let window = Int64(MarketLimits.comparisonWindow)
        let gap = preferred.claimedAt &- other.claimedAt
        try require(gap <= window && gap >= 0 &- window, else: .claimsTooFarApart)
        let better = try server(preferredServerAccount, of: preferred, in: call)
        let worse = try server(otherServerAccount, of: other, in: call)
        better.count(ServerLayout.compared)
        better.count(ServerLayout.preferred)
        worse.count(ServerLayout.compared)
        preferred.flags |= RequestFlags.compared
        other.flags |= RequestFlags.compared
        call.emit(call.event(EventDiscriminator.responsesCompared).key(preferredAccount.key).key(otherAccount.key))
    }

    @inline(__always)
    private static func check(_ request: Request, against market: Market) throws(Refusal) {
        try request.require(.claimed, else: .requestNotClaimed)
        try require(request.has(RequestFlags.vouched), else: .notVouched)
        try require(!request.has(RequestFlags.compared), else: .alreadyCompared)
        try require(request.charge >= market.minimumComparedCharge, else: .chargeTooSmall)
    }

    @inline(__always)
    private static func server<Machine: Runtime>(
        _ account: Account,
        of request: Request,
        in call: Invocation<Machine>
    ) throws(Refusal) -> Server {
        try request.requireServer(account)
        let server = try Server(account, of: call.program)
        try account.requireWritable()
        try require(server.existed(at: request.lockedAt), else: .serverReregistered)
        return server
    }
}
