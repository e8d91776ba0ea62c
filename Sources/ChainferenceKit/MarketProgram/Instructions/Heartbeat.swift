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
}
