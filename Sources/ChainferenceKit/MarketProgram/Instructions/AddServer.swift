/// `add_server`: registers a server without listings.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w     program address of `["server", owner]` with the highest bump, not yet created
/// 1 owner                w s   pays the rent
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] peer_key: X25519 key of the peer channel
///     40  string peer_address: at most 192 bytes, printable ASCII; may be empty
/// ```
public enum AddServer {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: X25519 key of the peer channel.
        public static let peerKey = 8
        /// string: at most 192 bytes, printable ASCII; may be empty.
        public static let peerAddress = 40
    }
}
