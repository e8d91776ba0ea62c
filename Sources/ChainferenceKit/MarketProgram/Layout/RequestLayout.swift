/// Byte offsets of an `InferenceRequest` account, the program address of `["request", requester, voucher signer]`.
///
/// The account holds its rent and, until the claim, the stake. Any lamports beyond that go to the requester when the
/// account is closed.
public enum RequestLayout {
    /// u64: ``AccountDiscriminator/inferenceRequest``.
    public static let discriminator = 0
    /// 32 bytes: the client's wallet.
    public static let requester = 8
    /// 32 bytes: address of the `Server` account; zero while any server may lock.
    public static let server = 40
    /// 32 bytes: SHA-256 of the model id.
    public static let modelHash = 72
    /// 32 bytes: Ed25519 key that signs vouchers.
    public static let voucherSigner = 104
    /// 32 bytes: the client's X25519 key of the peer channel.
    public static let clientKey = 136
    /// u64: lamports staked, the most that the server may charge.
    public static let stake = 168
    /// u64: the highest acceptable price per million output tokens.
    public static let maximumOutputPrice = 176
    /// u64: the highest acceptable price per million input tokens.
    public static let maximumInputPrice = 184
    /// u64: the highest acceptable minimum charge.
    public static let maximumMinimumCharge = 192
    /// u64: price per million output tokens, frozen at the lock.
    public static let outputPrice = 200
    /// u64: price per million input tokens, frozen at the lock.
    public static let inputPrice = 208
    /// u64: minimum charge, frozen at the lock.
    public static let minimumCharge = 216
    /// u64: the most that may be claimed without a voucher.
    public static let credit = 224
    /// u64: lamports claimed, the fee included.
    public static let charge = 232
    /// u64: slot of the creation.
    public static let createdSlot = 240
    /// i64: Unix time of the creation.
    public static let createdAt = 248
    /// i64: Unix time until which the request may be locked.
    public static let expiresAt = 256
    /// i64: Unix time of the newest lock; kept when the lock is released.
    public static let lockedAt = 264
    /// i64: Unix time until which the server may claim.
    public static let deadline = 272
    /// i64: Unix time of the claim.
    public static let claimedAt = 280
    /// u64: how many completed responses a server must have.
    public static let minimumCompleted = 288
    /// u16: the highest acceptable fee in basis points.
    public static let maximumFeeBasisPoints = 296
    /// u16: the least success ratio in basis points.
    public static let minimumSuccess = 298
    /// u16: the least preference ratio in basis points.
    public static let minimumPreference = 300
    /// u16: fee in basis points, frozen at the lock.
    public static let feeBasisPoints = 302
    /// u8: a ``RequestState``.
    public static let state = 304
    /// u8: ``RequestFlags``.
    public static let flags = 305
    /// u8: bump of the account's address.
    public static let bump = 306
    /// u8: layout version, 1.
    public static let version = 307
    /// 12 bytes, zero.
    public static let reserved = 308
    /// The model id (Borsh string), then the peer address of the lock (Borsh string, empty while there is none, or when
    /// the server's own address holds), then zeros.
    public static let modelID = 320

    /// Length of the data: room for the model id and for the longest peer address.
    public static func size(modelIDLength: Int) -> Int {
        modelID + 4 + modelIDLength + 4 + MarketLimits.peerAddressLength
    }
}

/// The state of a request.
public enum RequestState: UInt8, Sendable {
    /// Any matching server may lock the request.
    case open = 0
    /// One server works on the request and may claim until the deadline.
    case locked = 1
    /// The server was paid; the account waits for flags, comparisons and its end.
    case claimed = 2
}

/// Bits of ``RequestLayout/flags``.
public enum RequestFlags {
    /// The request named its server and was locked at creation.
    public static let direct: UInt8 = 1
    /// The client flagged the response.
    public static let flagged: UInt8 = 2
    /// The claim presented a voucher and charged something.
    public static let vouched: UInt8 = 4
    /// The response was part of a comparison.
    public static let compared: UInt8 = 8
    /// The client began to close the request while it was locked.
    public static let closing: UInt8 = 16
}
