/// `update_server`: changes the peer key and the peer address; rent is topped up by, or goes back to, the
/// owner.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] peer_key
///     40  string peer_address: as in `add_server`
/// ```
public enum UpdateServer {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32].
        public static let peerKey = 8
        /// string: as in `add_server`.
        public static let peerAddress = 40
    }
}
