/// `cancel_request`: takes an open request back: stake and rent return to the client.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CancelRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let requester = call.account(1)
        let request = try Request(account, of: call.program, requestedBy: requester, who: .signsAndChanges)
        try request.require(.open, else: .requestNotOpen)
        call.emit(EventDiscriminator.requestCancelled, account.key)
        account.close(to: requester)
    }
}
