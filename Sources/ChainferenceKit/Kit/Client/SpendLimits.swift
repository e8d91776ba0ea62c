public import InferenceMarket
public import Solana

/// What a client refuses to exceed, whatever its caller asks for.
///
/// The limits are this machine's own: they are checked before anything is signed, and are no matter of the chain.
public struct SpendLimits: Hashable, Sendable {
    /// The most that one session may stake; nil for no limit.
    public var perSession: Lamports?

    /// The most that all sessions of 24 hours may cost, fees included; nil for no limit.
    ///
    /// What is not settled yet counts with its whole stake. Sessions that were settled count with what they cost. The days
    /// before this process are counted if the client has a ``ClientJournal`` on disk.
    public var perDay: Lamports?

    /// Adopts two limits.
    public init(perSession: Lamports? = nil, perDay: Lamports? = nil) {
        self.perSession = perSession
        self.perDay = perDay
    }

    /// A limit that would be exceeded.
    public enum Kind: Hashable, Sendable {
        /// ``SpendLimits/perSession``.
        case perSession
        /// ``SpendLimits/perDay``, of which so much is gone.
        case perDay(spent: Lamports)
    }
}

/// Which way the caller wants.
public enum FlowPreference: Hashable, Sendable {
    /// Direct to the servers that rank best; open when none of them can be reached.
    case automatic
    /// One way and no other.
    case only(RequestFlow)
}
