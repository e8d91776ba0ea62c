/// `cancel_request`: takes an open request back: stake and rent return to the client.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CancelRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2
}
