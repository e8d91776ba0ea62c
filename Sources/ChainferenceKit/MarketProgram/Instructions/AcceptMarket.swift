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
}
