/// `request_inference`: creates a request and stakes the most that it may cost.
///
/// *Open* (mode 0): any server that meets the criteria may lock it. *Direct* (mode 1): the named server has it locked at
/// once, on its listed terms; accounts 3 and 4 are needed then and ignored otherwise.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w     program address of `["request", requester, voucher signer]` with the given bump, not yet created
/// 1 requester            w s   pays stake and rent
/// 2 system program
/// 3 server                     direct mode: the server
/// 4 market                     direct mode
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] voucher_signer: a fresh Ed25519 key, never used for another request
///     40  [u8; 32] client_key: X25519 key of the peer channel
///     72  u64 stake: lamports
///     80  u64 maximum_output_price: cap
///     88  u64 maximum_input_price: cap
///     96  u64 maximum_minimum_charge: cap
///    104  u64 credit: what may be claimed without a voucher, at most the stake
///    112  u64 lifetime: seconds until the request expires, 1 to 604,800
///    120  u64 minimum_completed: criterion
///    128  u16 maximum_fee_basis_points: cap
///    130  u16 minimum_success: criterion, basis points
///    132  u16 minimum_preference: criterion, basis points
///    134  u8 bump: of the request's address
///    135  u8 mode: 0 open, 1 direct
///    136  u8 listing_index: direct mode: index of the listing; else ignored
///    137  string model_id: 1 to 128 bytes, printable ASCII without spaces
/// ```
public enum RequestInference {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: a fresh Ed25519 key, never used for another request.
        public static let voucherSigner = 8
        /// [u8; 32]: X25519 key of the peer channel.
        public static let clientKey = 40
        /// u64: lamports.
        public static let stake = 72
        /// u64: cap.
        public static let maximumOutputPrice = 80
        /// u64: cap.
        public static let maximumInputPrice = 88
        /// u64: cap.
        public static let maximumMinimumCharge = 96
        /// u64: what may be claimed without a voucher, at most the stake.
        public static let credit = 104
        /// u64: seconds until the request expires, 1 to 604,800.
        public static let lifetime = 112
        /// u64: criterion.
        public static let minimumCompleted = 120
        /// u16: cap.
        public static let maximumFeeBasisPoints = 128
        /// u16: criterion, basis points.
        public static let minimumSuccess = 130
        /// u16: criterion, basis points.
        public static let minimumPreference = 132
        /// u8: of the request's address.
        public static let bump = 134
        /// u8: 0 open, 1 direct.
        public static let mode = 135
        /// u8: direct mode: index of the listing; else ignored.
        public static let listingIndex = 136
        /// string: 1 to 128 bytes, printable ASCII without spaces.
        public static let modelID = 137
    }
}
