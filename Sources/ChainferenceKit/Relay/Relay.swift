public import Logging
import NIOCore
import NIOPosix
import PeerChannel
public import SodiumCrypto
import Synchronization

/// A blind relay: servers without a way in dial out to it, and clients reach them through it.
///
/// It passes bytes that it can't read and tells nobody where a client comes from. It does know which servers it serves, when
/// and how much they talk, and its clients' network addresses while they are connected; `Documentation/relay.md` says it all.
/// It writes no client address anywhere.
///
/// ```swift
/// let relay = Relay(identity: try RelayKeyFile.load(creatingAt: "/var/lib/relay/key"))
/// try await relay.run()
/// ```
public final class Relay: Sendable {
    /// Where a relay listens.
    public struct Configuration: Sendable {
        /// The address to listen on.
        public var host = "0.0.0.0"
        /// The TCP port; 0 lets the system choose.
        public var port = RelayAddress.defaultPort
        /// How much the relay does.
        public var limits = RelayLimits()

        /// The defaults.
        public init() {}
    }

    /// What a relay is doing: counts alone, nothing about whom.
    public struct Status: Hashable, Sendable {
        /// The servers that are reachable now.
        public var servers = 0
        /// The circuits that are open or waiting now.
        public var circuits = 0
        /// The circuits that were opened since the start.
        public var opened: UInt64 = 0
        /// The requests for a circuit that were refused since the start.
        public var refused: UInt64 = 0
        /// The bytes of ended circuits since the start.
        public var bytes: UInt64 = 0
    }

    struct State: Sendable {
        var switchboard: Switchboard
        var nextControl: UInt64 = 0
        var controls: [Switchboard.ControlID: ServerLink] = [:]
        var waiting: [RelayToken: Meeting] = [:]
        var opened: UInt64 = 0
        var refused: UInt64 = 0
        var bytes: UInt64 = 0
    }

    let configuration: Configuration
    let identity: X25519.PrivateKey
    let clock: SessionClock
    let logger: Logger
    let gatekeeper: Gatekeeper
    let state: Mutex<State>

    var limits: RelayLimits { configuration.limits }

    /// Makes a relay that does not listen yet.
    ///
    /// - Parameters:
    ///   - configuration: Where it listens and how much it does.
    ///   - identity: The key that its address names.
    ///   - clock: Measures deadlines; tests give a clock that they move by hand.
    ///   - logger: Gets counts and, for servers, short hashes of their keys; never an address of a client.
    public init(
        configuration: Configuration = Configuration(),
        identity: X25519.PrivateKey,
        clock: some Clock<Duration> = ContinuousClock(),
        logger: Logger = Logger(label: "chainference.relay")
    ) {
        self.configuration = configuration
        self.identity = identity
        self.clock = SessionClock(clock)
        self.logger = logger
        let limits = configuration.limits
        gatekeeper = Gatekeeper(
            HandshakeLimits(
                halfOpen: limits.halfOpen,
                halfOpenPerSource: limits.halfOpenPerSource,
                burst: limits.connectionBurst,
                perSecond: limits.connectionsPerSecond
            ),
            clock: self.clock
        )
        state = Mutex(State(switchboard: Switchboard(limits: limits)))
    }

    /// What the relay is doing.
    public var status: Status {
        state.withLock { state in
            Status(
                servers: state.switchboard.reservationCount,
                circuits: state.switchboard.circuitCount,
                opened: state.opened,
                refused: state.refused,
                bytes: state.bytes
            )
        }
    }

    /// Relays until the task is cancelled, which closes every connection.
    ///
    /// - Parameter onListening: Called once with the port, before the first connection is accepted.
    /// - Throws: ``PeerError/unreachable(target:reason:)`` when the port can't be had; what `onListening` throws.
    public func run(onListening: @Sendable (Int) async throws -> Void = { _ in }) async throws {
        let listener = try await listen()
        try await listener.executeThenClose { connections in
            try await onListening(listener.channel.localAddress?.port ?? configuration.port)
            try await withThrowingDiscardingTaskGroup { group in
                for try await stream in connections {
                    group.addTask { await self.handle(stream) }
                }
            }
        }
    }

    private func listen() async throws -> NIOAsyncChannel<TCPStream, Never> {
        do {
            return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: configuration.host, port: configuration.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        // What the system keeps for a circuit is bounded, too.
                        try TCPStream(wrapping: channel, halfCloses: true, kernelBuffer: 131_072)
                    }
                }
        } catch {
            throw PeerError.unreachable(target: "\(configuration.host):\(configuration.port)", reason: "\(error)")
        }
    }
}
