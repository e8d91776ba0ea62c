/// `flag_response`: marks a response as bad, once, from the lock on.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            s
/// 2 server               w     the request's server
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum FlagResponse {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3
}
