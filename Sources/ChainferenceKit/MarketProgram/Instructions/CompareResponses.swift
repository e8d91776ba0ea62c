/// `compare_responses`: says which of two claimed responses was better.
///
/// Both clients sign; where they are one, the last account may repeat the
/// one before it or be left out.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market
/// 1 preferred request    w
/// 2 other request        w
/// 3 preferred server     w
/// 4 other server         w
/// 5 preferred requester  s
/// 6 other requester      s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public enum CompareResponses {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 6
}
