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
}
