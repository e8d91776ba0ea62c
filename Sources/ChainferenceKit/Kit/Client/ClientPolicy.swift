public import InferenceMarket
public import PeerChannel
public import Solana

/// How much a client trusts, and how long it waits.
///
/// Every wait of the client ends at one of these deadlines, and the error that ends it names the deadline.
public struct ClientPolicy: Hashable, Sendable {
    /// How much worse than the quote a lock's terms may be.
    public var tolerance = BasisPoints(rawValue: 1_000)

    /// The record that a server must show.
    public var criteria = Criteria.any

    /// What the server may claim without any voucher; nil for the larger of the minimum charge and 64 tokens.
    ///
    /// This is the client's greatest loss to a server that locks and then delivers nothing.
    public var credit: Lamports?

    /// How many output tokens the quote reckons with when the request sets no limit.
    public var expectedOutputTokens: UInt64 = 512

    /// Which way requests take.
    public var flow = FlowPreference.automatic

    /// The share of choices that go to a server with hardly a record, from 0 to 1: else nobody new would get one.
    public var exploration = 0.05

    /// Makes the exploration repeatable; nil for chance.
    public var explorationSeed: UInt64?

    /// How much is read of the servers' past; nil goes by their counters alone.
    public var reputation: ReputationReading? = ReputationReading()

    /// How many servers may be paid in one session: the first one, and those that take over when it fails.
    public var maximumServers = 3

    /// How much dearer than the first one a server that takes over may be expected to be.
    public var failoverTolerance = BasisPoints.whole

    /// After how long without a first token a second server is asked besides; nil never asks two.
    ///
    /// The faster one answers. Both are paid out of the one budget: the slower one at least its minimum charge.
    public var hedgeDelay: Duration?

    /// What this client refuses to exceed.
    public var spendLimits = SpendLimits()

    /// How often ``InferenceClient/run()`` sweeps.
    public var sweepInterval: Duration = .seconds(300)

    /// How long to wait for a server to lock.
    public var lockDeadline: Duration = .seconds(60)

    /// How long to try to reach the server that locked.
    public var connectDeadline: Duration = .seconds(20)

    /// How long to wait for the first token.
    public var firstTokenDeadline: Duration = .seconds(120)

    /// How long to wait for the next token after the first.
    public var stallDeadline: Duration = .seconds(45)

    /// How long to wait for the server to claim after the session; what comes later comes home by sweeping.
    public var claimDeadline: Duration = .seconds(90)

    /// How long to wait for the server to claim after a session that failed or was cancelled.
    public var abandonDeadline: Duration = .seconds(10)

    /// How long a server that refuses what is paid for already may take to give it back by itself; then the client ends the
    /// lock, which takes ten minutes.
    public var refundDeadline: Duration = .seconds(5)

    /// Whether sizes and times on the wire are hidden; off is an explicit choice.
    public var shaping = PeerShaping.constantRate

    /// Where a server's address may point to.
    ///
    /// Addresses on the chain are written by strangers: without this limit they could make a client knock at any door of
    /// the network it is in.
    public var dialPolicy = DialPolicy.publicOnly

    /// The longest prompt, in bytes of JSON.
    public var maximumPromptBytes = 1 << 20

    /// Adopts the defaults.
    public init() {}

    /// For a cluster on this machine: servers may be on it too.
    public static var localnet: ClientPolicy {
        var policy = ClientPolicy()
        policy.dialPolicy = .allowingLoopback
        return policy
    }
}
