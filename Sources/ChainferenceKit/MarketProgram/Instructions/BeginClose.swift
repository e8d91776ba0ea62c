/// `begin_close`: shortens the deadline of a locked request to 10 minutes from now, if it is later.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum BeginClose {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let requester = call.account(1)
        let request = try Request(account, of: call.program, requestedBy: requester, who: .signs)
        try request.require(.locked, else: .requestNotLocked)
        let deadline = try call.clock().time &+ Int64(MarketLimits.closingDuration)
        if deadline < request.deadline {
            request.data.setTime(RequestLayout.deadline, deadline)
        }
        request.flags |= RequestFlags.closing
        call.setWordBehindKey(0, request.data.word(RequestLayout.deadline))
        call.emit(EventDiscriminator.requestClosing, account.key, words: 1)
    }
}
