/// `claim_payment`: pays the server.
///
/// Without the fifth account at most the credit can be claimed; with it, what the voucher in the Ed25519
/// instruction right before this one says.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                w s   is paid
/// 3 requester            w     gets the remainder of the stake
/// 4 instructions               optional: the instructions sysvar; absent, or this program's address, for no voucher
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 amount: lamports, the fee included; may be 0
///     16  end
/// ```
public enum ClaimPayment {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// u64: lamports, the fee included; may be 0.
        public static let amount = 8
        /// Length of the instruction's data.
        public static let end = 16
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: Arguments.end)
        let account = call.account(0)
        let serverAccount = call.account(1)
        let owner = call.account(2)
        let requester = call.account(3)
        let request = try Request(account, of: call.program)
        try request.require(.locked, else: .requestNotLocked)
        try request.requireServer(serverAccount)
        let server = try Server(serverAccount, ownedBy: owner, of: call.program)
        try owner.requireWritable()
        try request.requireRequester(requester)
        let amount = call.arguments.word(Arguments.amount)
        try require(amount <= request.stake, else: .amountAboveStake)
        let vouched = try vouchedAmount(for: request, behind: requester, in: call)
        try require(amount <= vouched || amount <= request.data.word(RequestLayout.credit), else: .amountNotVouched)
        let now = try call.clock().time
        try require(now <= request.deadline, else: .deadlinePassed)

        let fee = Request.fee(on: amount, basisPoints: request.data.u16(RequestLayout.feeBasisPoints))
        let refund = try settle(request, server, amount: amount, fee: fee, owner, requester, rent: try call.rent())
        count(request, server, amount: amount, vouched: vouched, at: now)
        request.data.setWord(RequestLayout.charge, amount)
        request.data.setTime(RequestLayout.claimedAt, now)
        request.enter(.claimed)
        server.beat(at: now)
        call.setWordBehindKeys(0, amount)
        call.setWordBehindKeys(1, fee)
        call.setWordBehindKeys(2, refund)
        call.emit(EventDiscriminator.paymentClaimed, account.key, serverAccount.key, words: 3)
    }

    /// What the presented voucher is worth; 0 without one.
    @inline(__always)
    private static func vouchedAmount<Machine: Runtime>(
        for request: Request,
        behind last: Account,
        in call: Invocation<Machine>
    ) throws(Refusal) -> UInt64 {
        guard call.accountCount > accountCount else { return 0 }
        let instructions = try last.next()
        if Voucher.isInstructionsSysvar(instructions.key) {
            return try Voucher.amount(for: request, in: instructions)
        }
        // Anchor's placeholder for an optional account that is absent.
        try requireEqual(instructions.key, call.program, else: .constraintAddress)
        return 0
    }

    /// Moves the lamports; returns what went back to the client.
    ///
    /// Nothing about the client's account can make this fail: a remainder that the account cannot take waits in the
    /// request. A payment that would leave the owner's account below the rent exemption waits in the server account.
    @inline(__always)
    private static func settle(
        _ request: Request,
        _ server: Server,
        amount: UInt64,
        fee: UInt64,
        _ owner: Account,
        _ requester: Account,
        rent: Rent
    ) throws(Refusal) -> UInt64 {
        let left = request.account.lamports &- amount
        let rentDue = rent.minimumBalance(request.account.dataLength)
        // Only after the cluster has raised the rent.
        try require(left >= rentDue, else: .constraintRentExempt)
        let net = amount &- fee
        if rent.allows(owner, toReceive: net) {
            request.account.pay(net, to: owner)
            request.account.pay(fee, to: server.account)
        } else {
            request.account.pay(amount, to: server.account)
        }
        server.feesOwed = server.feesOwed &+ fee
        let remainder = request.stake &- amount
        guard left >= rentDue &+ remainder, requester.isWritable, !requester.isExecutable,
            rent.allows(requester, toReceive: remainder)
        else { return 0 }
        request.account.pay(remainder, to: requester)
        return remainder
    }

    /// Reputation: every count is backed by the client's signature, on the voucher or on the flag.
    @inline(__always)
    private static func count(
        _ request: Request,
        _ server: Server,
        amount: UInt64,
        vouched: UInt64,
        at now: Int64
    ) {
        if !request.has(RequestFlags.direct) { server.releaseLock() }
        let isFlagged = request.has(RequestFlags.flagged)
        if amount != 0, vouched != 0 {
            request.flags |= RequestFlags.vouched
            server.count(ServerLayout.completed)
            server.count(ServerLayout.earned, amount < vouched ? amount : vouched)
            if isFlagged { server.count(ServerLayout.flagged) }
        } else if isFlagged, now > request.lockedAt &+ Int64(MarketLimits.graceDuration) {
            server.count(ServerLayout.failed)
        }
    }
}
