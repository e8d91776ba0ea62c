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
        /// Whether the end of the scope waits (at most 128 of the server's ticks, 72 by default) until the shaped stream has come to
        /// its padded end.
        ///
        /// Leaving earlier shows an observer when exactly the answer ended.
        public var waitsForPaddedEnd: Bool
        /// What happens when a connection is lost in the course of a session.
        public var reconnection: PeerReconnection
        /// Hears of connections that are lost and restored; must not block.
        public var onConnection: @Sendable (PeerConnectionEvent) -> Void

        /// The defaults: public targets, constant rate, 10 s each, 64 KiB, first prompt 1, padded end, connect again.
        public init(
            dialPolicy: DialPolicy = .publicOnly,
            proxy: HTTPProxy? = nil,
            shaping: PeerShaping = .constantRate,
            connectTimeout: Duration = .seconds(10),
            handshakeTimeout: Duration = .seconds(10),
            window: Int = 65_536,
            firstPromptNumber: UInt32 = 1,
            waitsForPaddedEnd: Bool = true,
            reconnection: PeerReconnection = .standard,
            onConnection: @escaping @Sendable (PeerConnectionEvent) -> Void = { _ in }
        ) {
            self.dialPolicy = dialPolicy
            self.proxy = proxy
            self.shaping = shaping
            self.connectTimeout = connectTimeout
            self.handshakeTimeout = handshakeTimeout
            self.window = window
            self.firstPromptNumber = firstPromptNumber
            self.waitsForPaddedEnd = waitsForPaddedEnd
            self.reconnection = reconnection
            self.onConnection = onConnection
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
    /// - Throws: ``PeerError`` when no session can be had, and what `body` throws. A connection that is lost later is
    ///   replaced as the options say; when that fails the calls on the session throw, and `body` is not cancelled.
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
        return try await runSession(
            connecting: { use in
                let stream = try await dialer.connect(to: address)
                try await stream.closing {
                    await use(stream.inbound, { try await stream.send($0) })
                }
            },
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

    /// Uses one connection: what arrives, and how to send.
    typealias UseConnection =
        @Sendable (
            _ inbound: any AsyncSequence<ByteBuffer, any Error> & Sendable,
            _ send: @escaping @Sendable (ByteBuffer) async throws -> Void
        ) async -> Void
    /// Opens a connection, lends it, and closes it.
    typealias Connect = @Sendable (_ use: UseConnection) async throws -> Void

    /// As ``withSession(to:context:identity:request:options:isolation:_:)``, over connections that somebody else opens.
    func runSession<Result>(
        connecting connect: @escaping Connect,
        serverKey: X25519.PublicKey,
        suite: PeerSuite = .noiseXK,
        context: PeerContext,
        identity: X25519.PrivateKey,
        request: PeerRequest,
        options: Options,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (PeerSession) async throws -> Result
    ) async throws -> Result {
        let settings = ClientSessionMachine.Settings(
            request: request,
            shaping: options.shaping,
            handshakeTimeout: options.handshakeTimeout,
            window: UInt32(clamping: max(1, options.window)),
            firstPromptNumber: options.firstPromptNumber,
            resumes: true
        )
        let clock = clock
        let keeper = SessionKeeper(
            clock: clock,
            connect: connect,
            options: options,
            first: try Self.machine(settings, suite, context, serverKey, identity, now: clock.now()),
            next: { try Self.machine(settings, suite, context, serverKey, identity, now: clock.now()) }
        )
        let link = keeper.link
        // A task of its own, awaited below on every path: when the caller is cancelled the newest voucher and the good-bye
        // must still go out, and a cancelled reader would close the connection first.
        let running = Task.shielded { await keeper.run() }
        let outcome: Swift.Result<Result, any Error>
        do {
            let server = try await link.wait { machine -> PeerServerParameters? in
                if let server = machine.server { return server }
                if let ending = machine.ending { throw ending }
                return nil
            }
            outcome = .success(try await body(PeerSession(link: link, clock: clock, server: server)))
        } catch {
            outcome = .failure(error)
        }
        await withTaskCancellationHandler {
            let now = clock.now()
            if case .success = outcome, options.waitsForPaddedEnd {
                link.change { $0.close(now: now) }
            } else {
                link.change { $0.leave() }
            }
            // What has no connection by now needs none.
            if !keeper.stop() { running.cancel() }
            // The machine ends by itself; this is for a connection that takes no bytes any more.
            let patience = max(link.read { $0.deadline }, now) + SessionTiming.linger
            let watchdog = Task.shielded {
                try? await clock.sleep(patience)
                running.cancel()
            }
            await running.value
            watchdog.cancel()
        } onCancel: {
            link.change { $0.leave() }
        }
        logger.debug("peer session ended", metadata: ["reason": "\(link.read { $0.ending?.description ?? "" })"])
        return try outcome.get()
    }

    private static func machine(
        _ settings: ClientSessionMachine.Settings,
        _ suite: PeerSuite,
        _ context: PeerContext,
        _ serverKey: X25519.PublicKey,
        _ identity: X25519.PrivateKey,
        now: Duration
    ) throws(PeerError) -> SessionMonitor<ClientSessionMachine> {
        do throws(NoiseError) {
            return SessionMonitor(
                try ClientSessionMachine(
                    settings: settings,
                    suite: suite,
                    context: context,
                    serverKey: serverKey,
                    identity: identity,
                    now: now
                )
            )
        } catch {
            throw .handshakeFailed(error)
        }
    }
}
