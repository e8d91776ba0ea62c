/// `flag_response`: marks a response as bad, once, from the lock on.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            s
/// 2 server               w     the request's server
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum FlagResponse {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let requester = call.account(1)
        let serverAccount = call.account(2)
        let request = try Request(account, of: call.program, requestedBy: requester, who: .signs)
        let isClaimed = request.isIn(.claimed)
        if !isClaimed { try request.require(.locked, else: .requestNotLocked) }
        try request.requireServer(serverAccount)
        try require(!request.has(RequestFlags.flagged), else: .alreadyFlagged)
        request.flags |= RequestFlags.flagged
        if isClaimed {
            try count(request, serverAccount, in: call)
        }
        call.emit(EventDiscriminator.responseFlagged, account.key, serverAccount.key)
    }

    /// After the claim a flag counts at once; before it, the claim counts it.
    ///
    /// A server that has gone, or that has registered anew since the lock, has no record for it to count in.
    @inline(__always)
    private static func count<Machine: Runtime>(
        _ request: Request,
        _ account: Account,
        in call: Invocation<Machine>
    ) throws(Refusal) {
        guard !account.isSystemOwned else { return }
        let server = try Server(account, of: call.program)
        guard server.existed(at: request.lockedAt) else { return }
        if request.has(RequestFlags.vouched) {
            server.count(ServerLayout.flagged)
        } else if request.claimedAt > request.lockedAt &+ Int64(MarketLimits.graceDuration) {
            server.count(ServerLayout.failed)
        }
    }
}
