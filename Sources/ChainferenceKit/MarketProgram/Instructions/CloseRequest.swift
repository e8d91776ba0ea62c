/// `close_request`: ends a claimed request: everything left goes to the client.
///
/// Needs the client's signature until 24 hours after the claim.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w (s)
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CloseRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2
}
