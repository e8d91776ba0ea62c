public import CurlHTTP
public import Logging
import NIOCore
public import SodiumCrypto
import Synchronization

/// Accepts sessions from clients over the encrypted channel.
///
/// Whoever connects without knowing this server's key, or sends anything that is not authentic, is answered by silence.
/// After the handshake `authorize` checks the request on the chain, and only then does `serve` see a prompt.
public final class PeerServer: Sendable {
    /// Limits and choices.
    public struct Configuration: Sendable {
        /// The address to listen on.
        public var host: String
        /// The TCP port to listen on; 0 lets the system choose.
        public var port: Int
        /// How long a handshake may take.
        public var handshakeTimeout: Duration
        /// How long `authorize` may take.
        public var authorizationTimeout: Duration
        /// The most connections that have not been admitted yet; more are closed at once.
        public var halfOpenLimit: Int
        /// The most of them that one source may have.
        ///
        /// Loopback sources are exempt.
        public var halfOpenPerSource: Int
        /// The most sessions at a time; more are told that the server is busy.
        public var sessionLimit: Int
        /// The most handshakes that one source (an IPv4 address, an IPv6 /64) may begin in a burst; more wait for their turn.
        ///
        /// Loopback sources are exempt: that is where a local proxy or onion service connects from.
        public var handshakeBurst: Int
        /// How many handshakes a second a source may begin in the long run.
        public var handshakesPerSecond: Double
        /// The form of the server's stream, unless an admission says otherwise.
        public var shape: StreamShape
        /// The form that clients' streams shall have.
        public var clientShape: StreamShape
        /// The largest prompt, in bytes.
        public var promptByteLimit: Int
        /// How long a session may last.
        public var sessionDuration: Duration
        /// After how long without a prompt a session is closed.
        public var idleLimit: Duration
        /// How many bytes of an answer may wait for the wire before `send` waits.
        public var sendBuffer: Int
        /// The relays that clients may come through; the server dials out to them and needs no way in.
        public var relays: [RelayAddress] = []
        /// The proxy through which the server reaches its relays, if any.
        public var relayProxy: HTTPProxy?
        /// Whether the server listens at ``host`` and ``port``; without it ``relays`` must name at least one.
        public var listensDirectly = true
        /// The most bytes that one answer may have; all of them are kept until the next prompt.
        public var answerByteLimit: Int
        /// How long a client that lost its connection may stay away before its session ends; zero ends it at once.
        public var resumeLimit: Duration
        /// The suites that the server's addresses name; a client follows its address and nothing is negotiated.
        public var suites: Set<PeerSuite> = [.noiseXK]

        /// The defaults of the protocol.
        public init(
            host: String = "0.0.0.0",
            port: Int = PeerAddress.defaultPort,
            handshakeTimeout: Duration = .seconds(10),
            authorizationTimeout: Duration = .seconds(45),
            halfOpenLimit: Int = 256,
            halfOpenPerSource: Int = 16,
            sessionLimit: Int = 4_096,
            handshakeBurst: Int = 5,
            handshakesPerSecond: Double = 20,
            shape: StreamShape = .server,
            clientShape: StreamShape = .client,
            promptByteLimit: Int = 1_048_576,
            sessionDuration: Duration = .seconds(3_600),
            idleLimit: Duration = .seconds(600),
            sendBuffer: Int = 262_144,
            answerByteLimit: Int = 16_777_216,
            resumeLimit: Duration = .seconds(600)
        ) {
            self.host = host
            self.port = port
            self.handshakeTimeout = handshakeTimeout
            self.authorizationTimeout = authorizationTimeout
            self.halfOpenLimit = halfOpenLimit
            self.halfOpenPerSource = halfOpenPerSource
            self.sessionLimit = sessionLimit
            self.handshakeBurst = handshakeBurst
            self.handshakesPerSecond = handshakesPerSecond
            self.shape = shape
            self.clientShape = clientShape
            self.promptByteLimit = promptByteLimit
            self.sessionDuration = sessionDuration
            self.idleLimit = idleLimit
            self.sendBuffer = sendBuffer
            self.answerByteLimit = answerByteLimit
            self.resumeLimit = resumeLimit
        }
    }

    /// Decides about a client that has proved its key: returns an admission or throws ``PeerErrorMessage``.
    public typealias Authorize = @Sendable (PeerApplicant) async throws -> PeerAdmission
    /// Serves one session, from admission to its end, over as many connections as its client needs.
    public typealias Serve = @Sendable (PeerServerSession) async throws -> Void

    let configuration: Configuration
    let identity: X25519.PrivateKey
    let context: PeerContext
    let clock: SessionClock
    let logger: Logger
    let authorize: Authorize
    let serve: Serve
    let state = Mutex(State())
    let gatekeeper: Gatekeeper

    struct State: Sendable {
        var listener: (any Channel)?
        /// Those who wait for the draining to begin.
        var drainWaiters: [AsyncStream<Never>.Continuation] = []
        var isDraining = false
        var nextSession: UInt64 = 0
        var sessions: [UInt64: SessionMonitor<ServerSessionMachine>] = [:]
        var admitted = 0
        /// The sessions that have been admitted, connected or not.
        var conversations: [ConversationKey: PeerServerSession] = [:]
        /// The newest connection of each of them.
        var newestConnections: [ConversationKey: UInt64] = [:]
        /// The connections whose tasks serve a conversation.
        var hosts: Set<UInt64> = []
        var olderIdentities: [X25519.PrivateKey] = []
    }

    /// Whose session it is: a newer connection of the same client for the same request takes over the older one.
    struct ConversationKey: Hashable, Sendable {
        var request: [UInt8]
        var clientKey: X25519.PublicKey
    }

    /// Makes a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - configuration: Limits and choices.
    ///   - identity: The key that the address on the chain names.
    ///   - context: Chain, program and this server's wallet.
    ///   - clock: Measures deadlines and cadence; tests give a clock that they move by hand.
    ///   - logger: Gets notes about connections; never contents, requests or keys.
    ///   - authorize: Checks the request on the chain. Throws ``PeerErrorMessage`` to refuse; other errors reach the client
    ///     as ``PeerErrorCode/internalError``.
    ///   - serve: Answers the session's prompts. It runs in the scope of ``run(onListening:)``, not in a connection's: when
    ///     the connection is lost it goes on, and is cancelled when the client has not come back within the limit.
    public init(
        configuration: Configuration = Configuration(),
        identity: X25519.PrivateKey,
        context: PeerContext,
        clock: some Clock<Duration> = ContinuousClock(),
        logger: Logger = Logger(label: "chainference.peer"),
        authorize: @escaping Authorize,
        serve: @escaping Serve
    ) {
        self.configuration = configuration
        self.identity = identity
        self.context = context
        self.clock = SessionClock(clock)
        self.logger = logger
        self.authorize = authorize
        self.serve = serve
        gatekeeper = Gatekeeper(
            HandshakeLimits(
                halfOpen: configuration.halfOpenLimit,
                halfOpenPerSource: configuration.halfOpenPerSource,
                burst: configuration.handshakeBurst,
                perSecond: configuration.handshakesPerSecond
            ),
            clock: self.clock
        )
    }

    /// Listens and serves until the task is cancelled, or until ``drain()`` was called and the last session has ended.
    ///
    /// - Parameter onListening: Called once with the port, as soon as clients can come: the port is had, and the first of
    ///   the relays (if there are any) has granted a reservation. The port is 0 when the server listens via relays alone.
    /// - Throws: ``PeerError/unreachable(target:reason:)`` when the port can't be had; ``PeerError/misuse(_:)`` when the server
    ///   is to listen nowhere; what `onListening` throws. Relays that can't be reached are tried again without end.
    public func run(onListening: @escaping @Sendable (Int) async throws -> Void = { _ in }) async throws {
        try await serveEverywhere(onListening: onListening)
    }

    /// Stops accepting connections and prompts.
    ///
    /// ``run(onListening:)`` returns when the sessions under way have ended, each with the answer that it is giving.
    public func drain() {
        let (listener, waiters, sessions, conversations) = state.withLock { state in
            state.isDraining = true
            defer { state.drainWaiters = [] }
            return (
                state.listener, state.drainWaiters, Array(state.sessions.values), Array(state.conversations.values)
            )
        }
        listener?.close(promise: nil)
        for waiter in waiters { waiter.finish() }
        let now = clock.now()
        for session in sessions { Self.drain(session, now: now) }
        // Who has no connection now can't make another one.
        for session in conversations { session.link.change { $0.giveUp(.closed(.shuttingDown)) } }
    }

    /// Ends what is kept for a request whose client has no connection: it is settled, and nothing is left to go on with.
    ///
    /// A session whose client is connected goes on.
    ///
    /// - Parameter request: The address of the request's account, 32 bytes.
    public func forget(_ request: [UInt8]) {
        let sessions = state.withLock { $0.conversations.filter { $0.key.request == request }.map(\.value) }
        for session in sessions { session.link.change { $0.giveUp(.closed(.timeLimit)) } }
    }

    /// Accepts handshakes also under keys that were published before the present one, as long as locks name them.
    ///
    /// Each key costs one more Diffie-Hellman for a stranger who knows none of them.
    ///
    /// - Parameter keys: All of them, newest first; they replace the ones that were given before.
    public func accept(olderIdentities keys: [X25519.PrivateKey]) {
        state.withLock { $0.olderIdentities = keys }
    }

    /// How many sessions there are, those included that have not been admitted yet.
    public var sessionCount: Int { state.withLock { $0.sessions.count } }
}

/// A client that has proved its key and asks to be admitted.
public struct PeerApplicant: Hashable, Sendable {
    /// The request that the client names.
    public var request: PeerRequest
    /// The key that the client has proved to hold; to be compared with the request's.
    public var clientKey: X25519.PublicKey
    /// The server's key under which the client came: the present one or an older one.
    public var serverKey: X25519.PublicKey
    /// The handshake hash.
    public var channelBinding: [UInt8]

    /// Puts the parts together.
    public init(
        request: PeerRequest,
        clientKey: X25519.PublicKey,
        serverKey: X25519.PublicKey,
        channelBinding: [UInt8]
    ) {
        self.request = request
        self.clientKey = clientKey
        self.serverKey = serverKey
        self.channelBinding = channelBinding
    }
}

/// What an admitted client may do.
public struct PeerAdmission: Sendable {
    /// The form of the server's stream in this session; `nil` for the server's usual one.
    public var shape: StreamShape?
    /// How long the session may last from now on; `nil` for the server's usual limit.
    public var sessionDuration: Duration?
    /// The smallest number that the first prompt may have; means nothing for a client that continues a session.
    public var firstPromptNumber: UInt32
    /// Which lock of the request this is about: a session is continued only under the lock under which it began.
    public var lock: UInt64
    /// Checks a voucher and stores it; only when it returns does the voucher count.
    ///
    /// Throws ``PeerErrorMessage`` to end the session. A session that is continued keeps the one that it began with.
    public var acceptVoucher: @Sendable (PeerVoucher) async throws -> Void

    /// Admits a client.
    public init(
        shape: StreamShape? = nil,
        sessionDuration: Duration? = nil,
        firstPromptNumber: UInt32 = 1,
        lock: UInt64 = 0,
        acceptVoucher: @escaping @Sendable (PeerVoucher) async throws -> Void
    ) {
        self.shape = shape
        self.sessionDuration = sessionDuration
        self.firstPromptNumber = firstPromptNumber
        self.lock = lock
        self.acceptVoucher = acceptVoucher
    }
}
