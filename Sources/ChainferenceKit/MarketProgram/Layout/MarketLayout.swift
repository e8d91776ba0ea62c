/// Byte offsets of the `Market` account, the program address of `["market"]`.
public enum MarketLayout {
    /// u64: ``AccountDiscriminator/market``.
    public static let discriminator = 0
    /// 32 bytes: who may change the market.
    public static let authority = 8
    /// 32 bytes: who may take the authority over; zero for nobody.
    public static let pendingAuthority = 40
    /// 32 bytes: where fees go.
    public static let treasury = 72
    /// u64: the smallest charge, in lamports, of a response that may be compared.
    public static let minimumComparedCharge = 104
    /// u16: fee in basis points of the server's charge, at most ``MarketLimits/feeBasisPoints``.
    public static let feeBasisPoints = 112
    /// u8: layout version, 1.
    public static let version = 114
    /// u8: bump of the account's address.
    public static let bump = 115
    /// 44 bytes, zero.
    public static let reserved = 116
    /// Length of the account's data.
    public static let size = 160
}
