/// `close_server`: ends a server that has no request locked: fees to the treasury, everything else to the
/// owner.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
/// 2 market
/// 3 treasury             w     the market's
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CloseServer {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4
}
