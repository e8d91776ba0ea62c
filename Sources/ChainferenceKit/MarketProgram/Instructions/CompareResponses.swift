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
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let marketAccount = call.account(0)
        let preferredAccount = call.account(1)
        let otherAccount = call.account(2)
        let preferredServerAccount = call.account(3)
        let otherServerAccount = call.account(4)
        let preferredRequester = call.account(5)
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
        try requireEqual(
            preferred.data + RequestLayout.modelHash,
            other.data + RequestLayout.modelHash,
            else: .modelMismatch
        )
        let minimum = market.minimumComparedCharge
        try requireSuccess(checkComparable(preferred.data, minimum))
        try requireSuccess(checkComparable(other.data, minimum))
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
        call.emit(EventDiscriminator.responsesCompared, preferredAccount.key, otherAccount.key)
    }

    /// Why a request cannot be compared, or 0.
    @inline(never)
    private static func checkComparable(_ data: UnsafeMutableRawPointer, _ minimum: UInt64) -> UInt64 {
        let flags = data.byte(RequestLayout.flags)
        guard data.byte(RequestLayout.state) == RequestState.claimed.rawValue else {
            return UInt64(ErrorCode.requestNotClaimed.rawValue)
        }
        guard flags & RequestFlags.vouched != 0 else { return UInt64(ErrorCode.notVouched.rawValue) }
        guard flags & RequestFlags.compared == 0 else { return UInt64(ErrorCode.alreadyCompared.rawValue) }
        guard data.word(RequestLayout.charge) >= minimum else { return UInt64(ErrorCode.chargeTooSmall.rawValue) }
        return 0
    }

    @inline(__always)
    private static func server<Machine: Runtime>(
        _ account: Account,
        of request: Request,
        in call: Invocation<Machine>
    ) throws(Refusal) -> Server {
        try request.requireServer(account)
        let server = try Server(account, of: call.program)
        try require(server.existed(at: request.lockedAt), else: .serverReregistered)
        return server
    }
}
