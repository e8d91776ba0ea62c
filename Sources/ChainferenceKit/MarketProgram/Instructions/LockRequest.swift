/// `lock_request`: locks an open request for the signer's server on the terms of one of its listings.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                s     the server's owner
/// 3 market
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 created_slot: the request's, as the server saw it
///     16  u64 stake: the request's, as the server saw it
///     24  u8 listing_index: which of the server's listings
///     25  string peer_address: at most 192 bytes, printable ASCII; empty when the server's own address holds
/// ```
public enum LockRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// u64: the request's, as the server saw it.
        public static let createdSlot = 8
        /// u64: the request's, as the server saw it.
        public static let stake = 16
        /// u8: which of the server's listings.
        public static let listingIndex = 24
        /// string: at most 192 bytes, printable ASCII; empty when the server's own address holds.
        public static let peerAddress = 25
    }
}
