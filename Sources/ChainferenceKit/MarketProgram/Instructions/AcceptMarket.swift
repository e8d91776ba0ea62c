/// `accept_market`: makes the pending authority the authority.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market               w
/// 1 pending authority    s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum AcceptMarket {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: 8)
        let first = call.account(0)
        let successor = call.account(1)
        let market = try Market(first, of: call.program)
        try first.requireWritable()
        try successor.requireSigner()
        // The zero key, which means nobody, belongs to the system program and never signs.
        try requireEqual(market.pendingAuthority, successor.key, else: .notPendingAuthority)
        copyKey(from: successor.key, to: market.authority)
        clearKey(market.pendingAuthority)
        market.emit(EventDiscriminator.marketAccepted, in: call)
    }
}
