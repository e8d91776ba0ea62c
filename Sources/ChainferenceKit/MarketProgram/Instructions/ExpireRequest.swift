/// `expire_request`: returns stake and rent of a request whose time has passed to the client.
///
/// Anyone may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w
/// 2 server               w     the locking server; for an open or a direct request any account, ignored
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum ExpireRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let requester = call.account(1)
        let request = try Request(account, of: call.program, requestedBy: requester, who: .changes)
        let now = try call.clock().time
        if request.isIn(.open) {
            try require(now > request.data.time(RequestLayout.expiresAt), else: .requestNotExpired)
        } else {
            try request.require(.locked, else: .requestNotLocked)
            try require(now > request.deadline, else: .requestNotExpired)
            // A direct request that the server never acted on says nothing about the server: anybody can name it.
            if !request.has(RequestFlags.direct) {
                let serverAccount = call.account(2)
                try request.requireServer(serverAccount)
                let server = try Server(serverAccount, of: call.program)
                server.releaseLock()
                server.count(ServerLayout.failed)
            }
        }
        call.emit(EventDiscriminator.requestExpired, account.key)
        account.close(to: requester)
    }
}
