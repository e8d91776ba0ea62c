/// `release_request`: gives a lock back.
///
/// An open-flow request is open again, or goes back to the client when it has expired; a direct one goes back
/// to the client.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                s
/// 3 requester            w     paid when the request ends
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum ReleaseRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let serverAccount = call.account(1)
        let owner = call.account(2)
        let requester = call.account(3)
        let request = try Request(account, of: call.program)
        try request.require(.locked, else: .requestNotLocked)
        try request.requireServer(serverAccount)
        let server = try Server(serverAccount, ownedBy: owner, of: call.program)
        try request.requireRequester(requester)
        let clock = try call.clock()
        let isDirect = request.has(RequestFlags.direct)
        // A client that began to close wants its money, not the next server's lock.
        let ends =
            isDirect || request.has(RequestFlags.closing) || clock.time > request.data.time(RequestLayout.expiresAt)
        if ends { try requester.requireWritable() }
        if !isDirect {
            server.releaseLock()
            if !clock.isWithin(MarketLimits.graceDuration, of: request.lockedAt) {
                server.count(ServerLayout.failed)
            }
        }
        server.beat(at: clock.time)
        call.emit(EventDiscriminator.requestReleased, account.key, serverAccount.key)
        if ends {
            account.close(to: requester)
        } else {
            request.reopen()
        }
    }
}
