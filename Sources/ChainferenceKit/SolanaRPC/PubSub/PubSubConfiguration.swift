public import CurlHTTP

/// How a ``PubSubClient`` keeps its connection.
public struct PubSubConfiguration: Sendable {
    /// A ping goes out when nothing was sent or received for that long; nodes drop idle connections.
    public var idlePing: Duration
    /// A connection on which nothing was received for that long, answers to pings included, counts as broken.
    public var silence: Duration
    /// A connection without news of a slot for that long counts as broken; nil switches the check off.
    ///
    /// Costs a slot subscription. Notices nodes that answer pings and have stopped following the chain.
    public var slotSilence: Duration?
    /// How long connecting may take.
    public var connectTimeout: Duration
    /// How long the node may take to answer a subscription.
    public var answerTimeout: Duration
    /// The pause before the first new connection; it doubles with every failure.
    public var initialBackoff: Duration
    /// The longest pause before a new connection.
    public var maximumBackoff: Duration
    /// How many events wait for a subscriber at most; the oldest notifications give way then.
    public var bufferedEvents: Int
    /// How many bytes of notifications wait for a subscriber at most.
    public var bufferedBytes: Int
    /// How many different subscriptions one client can have.
    public var maximumSubscriptions: Int
    /// How many bytes one message of the node may have.
    public var maximumMessageSize: Int
    /// The proxy through which to connect, and nowhere around it; nil for direct connections.
    ///
    /// HTTP proxies are asked with `CONNECT`, SOCKS proxies with the host's name, so that the proxy (Tor, for example)
    /// resolves it; credentials are used with both.
    public var proxy: HTTPProxy?
    /// Whether `ws` is allowed through the proxy, which can then read and change everything.
    public var allowsPlaintextThroughProxy: Bool
    /// A PEM file with the authorities that may vouch for the node; nil for the system's.
    public var certificateAuthorities: String?

    /// Makes a configuration; the defaults suit a node on the internet.
    public init(
        idlePing: Duration = .seconds(5),
        silence: Duration = .seconds(20),
        slotSilence: Duration? = .seconds(30),
        connectTimeout: Duration = .seconds(10),
        answerTimeout: Duration = .seconds(15),
        initialBackoff: Duration = .milliseconds(500),
        maximumBackoff: Duration = .seconds(30),
        bufferedEvents: Int = 1_024,
        bufferedBytes: Int = 32 << 20,
        maximumSubscriptions: Int = 1_000,
        maximumMessageSize: Int = 16 << 20,
        proxy: HTTPProxy? = nil,
        allowsPlaintextThroughProxy: Bool = false,
        certificateAuthorities: String? = nil
    ) {
        self.idlePing = idlePing
        self.silence = silence
        self.slotSilence = slotSilence
        self.connectTimeout = connectTimeout
        self.answerTimeout = answerTimeout
        self.initialBackoff = initialBackoff
        self.maximumBackoff = maximumBackoff
        self.bufferedEvents = bufferedEvents
        self.bufferedBytes = bufferedBytes
        self.maximumSubscriptions = maximumSubscriptions
        self.maximumMessageSize = maximumMessageSize
        self.proxy = proxy
        self.allowsPlaintextThroughProxy = allowsPlaintextThroughProxy
        self.certificateAuthorities = certificateAuthorities
    }

    /// Quick reconnection, for a node on this machine.
    public static let localnet = Self(
        connectTimeout: .seconds(2),
        answerTimeout: .seconds(5),
        initialBackoff: .milliseconds(50),
        maximumBackoff: .seconds(1)
    )
}
