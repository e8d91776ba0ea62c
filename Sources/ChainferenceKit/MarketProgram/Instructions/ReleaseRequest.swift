/// `release_request`: gives a lock back.
///
/// An open-flow request is open again, or goes back to the client when it has expired; a direct one goes back
/// to the client.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                s
/// 3 requester            w     paid when the request ends
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum ReleaseRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4
}
