/// `heartbeat`: shows that the server is alive.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum Heartbeat {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let account = call.account(0)
        let owner = call.account(1)
        let server = try Server(account, ownedBy: owner, of: call.program)
        server.beat(at: try call.clock().time)
        call.emit(EventDiscriminator.heartbeat, account.key)
    }
}
