/// Byte offsets of a `Server` account, the program address of `["server", owner]`.
///
/// The account holds lamports of three kinds: its rent, ``feesOwed``, and a surplus that belongs to the owner (payments
/// that the owner's own account could not hold). Its data is exactly as long as its contents.
public enum ServerLayout {
    /// u64: ``AccountDiscriminator/server``.
    public static let discriminator = 0
    /// 32 bytes: the wallet that registered the server and is paid.
    public static let owner = 8
    /// i64: Unix time of the last sign of life.
    public static let heartbeatAt = 40
    /// i64: Unix time of registration.
    public static let registeredAt = 48
    /// u64: open-flow requests that are locked now.
    public static let openLocks = 56
    /// u64: claims with a voucher and a charge.
    public static let completed = 64
    /// u64: locks that came to nothing.
    public static let failed = 72
    /// u64: completed responses that their client flagged.
    public static let flagged = 80
    /// u64: comparisons that the server took part in.
    public static let compared = 88
    /// u64: comparisons in which the server was preferred.
    public static let preferred = 96
    /// u64: lamports charged through vouchers, fees included.
    public static let earned = 104
    /// u64: lamports in this account that belong to the treasury.
    public static let feesOwed = 112
    /// 32 bytes: X25519 key of the peer channel.
    public static let peerKey = 120
    /// u8: layout version, 1.
    public static let version = 152
    /// u8: bump of the account's address.
    public static let bump = 153
    /// 26 bytes, zero.
    public static let reserved = 154
    /// u32: number of listings, the length of a Borsh vector.
    public static let listingCount = 180
    /// Listings of ``ListingLayout/size`` bytes each.
    ///
    /// Behind them: the peer address (Borsh string), then the model ids of the listings in the same order (Borsh vector
    /// of strings).
    public static let listings = 184

    /// Length of the data of a server without listings.
    public static func size(peerAddressLength: Int) -> Int { listings + 4 + peerAddressLength + 4 }
}

/// Byte offsets of a listing inside a ``ServerLayout``.
public enum ListingLayout {
    /// 32 bytes: SHA-256 of the model id.
    public static let modelHash = 0
    /// u64: lamports per million output tokens.
    public static let outputPrice = 32
    /// u64: lamports per million input tokens; may be 0.
    public static let inputPrice = 40
    /// u64: lamports that a session costs at least; may be 0.
    public static let minimumCharge = 48
    /// u64: slot in which the listing was made or one of its prices last rose.
    public static let raisedSlot = 56
    /// Length of a listing.
    public static let size = 64
}
