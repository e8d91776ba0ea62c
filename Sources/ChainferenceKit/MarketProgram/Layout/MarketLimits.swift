/// The numbers that the rules of the market turn on.
///
/// Times are in seconds, money in lamports.
public enum MarketLimits {
    /// The highest fee that a market may take, in basis points.
    public static let feeBasisPoints: UInt64 = 1_000
    /// Basis points of the whole.
    public static let wholeBasisPoints: UInt64 = 10_000
    /// The highest price per million tokens, and the highest minimum charge.
    public static let price: UInt64 = 1 << 32
    /// The most listings of one server.
    public static let listings: UInt64 = 64
    /// The longest model id, in bytes.
    public static let modelIDLength = 128
    /// The longest peer address, in bytes.
    public static let peerAddressLength = 192
    /// The longest life of an open request.
    public static let requestLifetime: UInt64 = 604_800
    /// From the lock to the deadline of the claim.
    public static let lockDuration: UInt64 = 3_600
    /// What is left to the server when the client begins to close a locked request.
    public static let closingDuration: UInt64 = 600
    /// A lock released or settled within this time never counts against the server.
    public static let graceDuration: UInt64 = 60
    /// A server whose last heartbeat is older may not lock and cannot be named.
    public static let heartbeatLifetime: UInt64 = 900
    /// Two compared responses must have been claimed within this time of each other.
    public static let comparisonWindow: UInt64 = 600
    /// After this time anyone may close a claimed request for its client.
    public static let closeDelay: UInt64 = 86_400
}
