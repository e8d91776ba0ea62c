/// `close_request`: ends a claimed request: everything left goes to the client.
///
/// Needs the client's signature until 24 hours after the claim.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w (s)
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CloseRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let requester = call.account(1)
        let request = try Request(account, of: call.program, requestedBy: requester, who: .changes)
        try request.require(.claimed, else: .requestNotClaimed)
        if !requester.isSigner {
            let clock = try call.clock()
            try require(!clock.isWithin(MarketLimits.closeDelay, of: request.claimedAt), else: .closeTooSoon)
        }
        call.emit(EventDiscriminator.requestClosed, account.key)
        account.close(to: requester)
    }
}
