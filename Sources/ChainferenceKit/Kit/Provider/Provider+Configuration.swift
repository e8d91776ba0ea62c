public import CurlHTTP
public import InferenceMarket
public import PeerChannel
public import Solana

extension Provider {
    /// Limits and choices of a provider.
    public struct Configuration: Sendable {
        /// The address to listen on.
        public var listenHost = "0.0.0.0"

        /// The TCP port to listen on; 0 lets the system choose.
        public var listenPort = PeerAddress.defaultPort

        /// The host that clients are sent to; nil for this machine, which only clients on it can reach.
        public var advertisedHost: PeerHost?

        /// The port that clients are sent to, where a router maps it; nil for the port that is listened on.
        public var advertisedPort: UInt16?

        /// The relay through which clients come, for a provider that can't be reached from outside; then no port is
        /// listened on, and the address that is published is the one at the relay.
        public var relay: RelayAddress?

        /// The proxy through which the relay is reached, if any.
        public var relayProxy: HTTPProxy?

        /// The most requests that are locked and served at a time.
        public var concurrency = 4

        /// How long a client that has connected may take until its direct request is confirmed on the chain.
        public var directRequestWait: Duration = .seconds(30)

        /// The most clients that may wait for their direct request at a time; more are told that the provider is busy.
        public var maximumDirectWaiters = 64

        /// What must be left of the expected charge after fees for a request to be locked.
        public var profitFloor = Lamports.zero

        /// The usage that the expected charge is reckoned with.
        public var expectedUsage = TokenCount(input: 256, output: 512)

        /// How many output tokens may run ahead of the vouchers: the most that a client who stops paying gets for nothing.
        public var voucherWindow: UInt64 = 1_024

        /// How long to wait for a voucher that is due before the answer is given up.
        public var voucherTimeout: Duration = .seconds(30)

        /// The longest prompt, in bytes of its JSON.
        public var maximumPromptBytes = 1 << 20

        /// The bounds of one answer, where the offer sets none of its own.
        public var limits = Limits()

        /// How long a client that is silent or away keeps its lock before it is settled.
        public var idleLimit: Duration = .seconds(600)

        /// A claim follows the end of a session after a random part of this time, so that the chain does not show when
        /// exactly an answer ended.
        public var claimDelay: Duration = .seconds(60)

        /// How often open requests and own locks are read from the chain beside the subscription.
        public var reconcileInterval: Duration = .seconds(10)

        /// How often the server shows that it is alive; the market takes it for dead after 15 minutes.
        public var heartbeatInterval: Duration = .seconds(480)

        /// How long a peer key is published before another takes its place; the older one is accepted two hours longer.
        ///
        /// Behind a relay the key changes at the first start after this time.
        public var peerKeyAge: Duration = .seconds(30 * 86_400)

        /// What is added to each transaction, in the market's fee schedule.
        public var fees = FeeSchedule()

        /// How long a graceful shutdown waits for running answers and their claims.
        public var shutdownLimit: Duration = .seconds(300)

        /// The form of the stream that clients get; it hides sizes and times of tokens.
        public var shape = StreamShape.server

        /// Where the store is kept when none is given: a folder that only its owner can read.
        ///
        /// Nil for `$XDG_STATE_HOME/chainference`, or `~/.local/state/chainference`.
        public var stateFolder: String?

        /// The defaults.
        public init() {}

        /// For a cluster on this machine: any free port of the loopback interface, and claims that follow at once.
        public static var localnet: Configuration {
            var configuration = Configuration()
            configuration.listenHost = "127.0.0.1"
            configuration.listenPort = 0
            configuration.claimDelay = .zero
            configuration.reconcileInterval = .seconds(2)
            return configuration
        }
    }
}
