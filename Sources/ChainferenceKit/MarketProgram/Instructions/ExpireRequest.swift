/// `expire_request`: returns stake and rent of a request whose time has passed to the client.
///
/// Anyone may.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w
/// 2 server               w     the locking server; for an open or a direct request any account, ignored
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum ExpireRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3
}
