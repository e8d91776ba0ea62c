public import CurlHTTP
public import Logging
import NIOCore
import NIOPosix
import Noise
public import SodiumCrypto

/// Connects to servers over the encrypted channel.
///
/// ```swift
/// let client = PeerClient()
/// try await client.withSession(to: address, context: context, identity: key, request: request) { session in
///     let answer = try await session.prompt(promptBytes)
///     for try await event in answer.events {
///         switch event {
///         case .accepted(let parameters): try session.send(voucher: firstVoucher(parameters))
///         case .data(let data): …
///         case .finished(let finish): …
///         }
///     }
/// }
/// ```
public struct PeerClient: Sendable {
    /// The client's own limits and choices.
    public struct Options: Sendable {
        /// Which targets may be dialled.
        ///
        /// By default nothing but public addresses.
        public var dialPolicy: DialPolicy
        /// The HTTP or SOCKS proxy that the connection goes through, or nil for none.
        ///
        /// Names are then resolved at the proxy and never here. If it fails there is no way around it. With Tor, different
        /// credentials for each request keep requests on different circuits.
        public var proxy: HTTPProxy?
        /// Whether sizes and times are hidden.
        ///
        /// Off is an explicit choice.
        public var shaping: PeerShaping
        /// How long name resolution and connecting may take together, proxy and relay included.
        public var connectTimeout: Duration
        /// How long the handshake may take.
        public var handshakeTimeout: Duration
        /// How many bytes of an answer may wait unread before the server has to pause.
        public var window: Int
        /// The number of the first prompt; under one lock numbers go on from session to session.
        public var firstPromptNumber: UInt32
        /// Whether the end of the scope waits (at most 64 of the server's ticks) until the shaped stream has come to
        /// its padded end.
        ///
        /// Leaving earlier shows an observer when exactly the answer ended.
        public var waitsForPaddedEnd: Bool

        /// The defaults: public targets, constant rate, 10 s each, 64 KiB, first prompt 1, padded end.
        public init(
            dialPolicy: DialPolicy = .publicOnly,
            proxy: HTTPProxy? = nil,
            shaping: PeerShaping = .constantRate,
            connectTimeout: Duration = .seconds(10),
            handshakeTimeout: Duration = .seconds(10),
            window: Int = 65_536,
            firstPromptNumber: UInt32 = 1,
            waitsForPaddedEnd: Bool = true
        ) {
            self.dialPolicy = dialPolicy
            self.proxy = proxy
            self.shaping = shaping
            self.connectTimeout = connectTimeout
            self.handshakeTimeout = handshakeTimeout
            self.window = window
            self.firstPromptNumber = firstPromptNumber
            self.waitsForPaddedEnd = waitsForPaddedEnd
        }
    }

    let clock: SessionClock
    let logger: Logger

    /// Makes a client; it holds no connection outside of ``withSession(to:context:identity:request:options:isolation:_:)``.
    ///
    /// - Parameters:
    ///   - clock: Measures deadlines and cadence; tests give a clock that they move by hand.
    ///   - logger: Gets notes about connections; never contents, requests or keys.
    public init(clock: some Clock<Duration> = ContinuousClock(), logger: Logger = Logger(label: "chainference.peer")) {
        self.clock = SessionClock(clock)
        self.logger = logger
    }

    /// Connects, shakes hands, lends the session to `body`, and closes.
    ///
    /// - Parameters:
    ///   - address: The server's address, from the chain.
    ///   - context: Chain, program and server wallet.
    ///   - identity: The private half of the client key that the request names.
    ///   - request: The request that the session is about.
    ///   - options: Limits and choices.
    ///   - isolation: The caller's isolation, in which `body` runs.
    ///   - body: Uses the session, which ends with it.
    /// - Returns: What `body` returns.
    /// - Throws: ``PeerError`` when no session can be had, and what `body` throws. A session that breaks makes the calls
    ///   on it throw; `body` is not cancelled.
    public func withSession<Result>(
        to address: PeerAddress,
        context: PeerContext,
        identity: X25519.PrivateKey,
        request: PeerRequest,
        options: Options = Options(),
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PeerSession) async throws -> Result
    ) async throws -> Result {
        let dialer = Dialer(
            policy: options.dialPolicy,
            proxy: options.proxy,
            timeout: options.connectTimeout,
            clock: clock
        )
        let stream = try await dialer.connect(to: address)
        return try await stream.closing(isolation: isolation) {
            try await runSession(
                over: stream.inbound,
                send: { try await stream.send($0) },
                serverKey: address.serverKey,
                suite: address.suite,
                context: context,
                identity: identity,
                request: request,
                options: options,
                isolation: isolation,
                body
            )
        }
    }

    /// As ``withSession(to:context:identity:request:options:isolation:_:)``, over a connection that is there already.
    func runSession<Result>(
        over inbound: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void,
        serverKey: X25519.PublicKey,
        suite: PeerSuite = .noiseXK,
        context: PeerContext,
        identity: X25519.PrivateKey,
        request: PeerRequest,
        options: Options,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PeerSession) async throws -> Result
    ) async throws -> Result {
        let machine: ClientSessionMachine
        do throws(NoiseError) {
            machine = try ClientSessionMachine(
                settings: ClientSessionMachine.Settings(
                    request: request,
                    shaping: options.shaping,
                    handshakeTimeout: options.handshakeTimeout,
                    window: UInt32(clamping: max(1, options.window)),
                    firstPromptNumber: options.firstPromptNumber
                ),
                suite: suite,
                context: context,
                serverKey: serverKey,
                identity: identity,
                now: clock.now()
            )
        } catch {
            throw PeerError.handshakeFailed(error)
        }
        let shell = SessionShell(monitor: SessionMonitor(machine), clock: clock)
        let monitor = shell.monitor
        // A task of its own, awaited below on every path: when the caller is cancelled the newest voucher and the good-bye
        // must still go out, and a cancelled reader would close the connection first.
        let running = Task { await shell.run(over: inbound, send: send) }
        let outcome: Swift.Result<Result, any Error>
        do {
            let session = PeerSession(monitor: monitor, clock: clock, hello: try await Self.hello(of: monitor))
            outcome = .success(try await body(session))
        } catch {
            outcome = .failure(error)
        }
        await withTaskCancellationHandler {
            let now = clock.now()
            if case .success = outcome, options.waitsForPaddedEnd {
                monitor.change { $0.close(now: now) }
            } else {
                monitor.change { $0.leave() }
            }
            // The machine ends by itself; this is for a connection that takes no bytes any more.
            let patience = max(monitor.read { $0.deadline }, now) + SessionTiming.linger
            let clock = clock
            let watchdog = Task {
                try? await clock.sleep(patience)
                running.cancel()
            }
            await running.value
            watchdog.cancel()
        } onCancel: {
            monitor.change { $0.leave() }
        }
        logger.debug("peer session ended", metadata: ["reason": "\(monitor.read { $0.ending?.description ?? "" })"])
        return try outcome.get()
    }

    private static func hello(of monitor: SessionMonitor<ClientSessionMachine>) async throws -> PeerSession.Hello {
        try await monitor.wait { machine -> PeerSession.Hello? in
            if let server = machine.server { return .init(server: server, channelBinding: machine.channelBinding) }
            if let ending = machine.ending { throw ending }
            return nil
        }
    }
}
