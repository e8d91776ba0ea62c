/// `collect_fees`: sends the fees that a server owes to the treasury.
///
/// Anyone may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 market
/// 2 treasury             w     the market's
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CollectFees {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3
}
