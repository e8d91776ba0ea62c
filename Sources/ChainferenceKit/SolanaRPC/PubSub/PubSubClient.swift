import JSON
public import Logging
public import Solana
import Synchronization

/// Subscribes to what happens on the chain, over one WebSocket connection that is kept alive and made again.
///
/// ```swift
/// try await PubSubClient.withClient(cluster: .devnet) { pubsub in
///     try await pubsub.withAccountSubscription(address) { events in
///         for try await event in events {
///             if event.requiresReconciliation { /* read the account over RPC */ }
///             if let account = event.value { print(account.lamports) }
///         }
///     }
/// }
/// ```
///
/// After a connection is lost, or was refused from the start, the client tells each subscriber with
/// ``SubscriptionEvent/interrupted(reason:)``, connects again, with growing and jittered pauses, renews all
/// subscriptions, and tells each subscriber with ``SubscriptionEvent/active`` that it has to read the state again,
/// because nodes replay nothing. Notifications that are older than the last one of the same account are dropped. A subscriber that does not
/// keep up loses its oldest notifications, and is told so.
public final class PubSubClient: Sendable {
    /// The network, and its preferred node.
    public let cluster: Cluster
    /// Further nodes of the same network, used while the preferred one does not work.
    public let fallbacks: [Cluster]
    /// The commitment of subscriptions that name none.
    public let commitment: Commitment
    /// How the connection is kept.
    public let configuration: PubSubConfiguration

    private let environment: RPCEnvironment
    private let transport: any WebSocketTransport
    private let logger: Logger?
    private let state: Mutex<State>

    private struct State {
        var machine: PubSubMachine
        var mailboxes: [PubSubMachine.Listener: Mailbox] = [:]
        var nextListener: PubSubMachine.Listener = 1
        var isRunning = false
        /// Where the actions of the machine go while there is a connection.
        var outbox: AsyncStream<Outgoing>.Continuation?
        /// Whether a pong waits to be sent.
        ///
        /// Further pings need none of their own then, so that a flood of them fills nothing.
        var isPongQueued = false
    }

    private enum Outgoing: Sendable {
        case message(WebSocketMessage)
        case drop(String)
    }

    /// Makes a client; nothing happens until ``run()``.
    ///
    /// - Parameters:
    ///   - cluster: the network, and its preferred node.
    ///   - fallbacks: further nodes of the same network, used while the preferred one does not work.
    ///   - commitment: the commitment of subscriptions that name none.
    ///   - configuration: how the connection is kept.
    ///   - environment: the clock and randomness.
    ///   - logger: told about connections; never about contents.
    public convenience init(
        cluster: Cluster,
        fallbacks: [Cluster] = [],
        commitment: Commitment = .confirmed,
        configuration: PubSubConfiguration = PubSubConfiguration(),
        environment: RPCEnvironment = RPCEnvironment(),
        logger: Logger? = nil
    ) {
        self.init(
            cluster: cluster,
            fallbacks: fallbacks,
            commitment: commitment,
            configuration: configuration,
            environment: environment,
            logger: logger,
            transport: NIOWebSocketTransport()
        )
    }

    init(
        cluster: Cluster,
        fallbacks: [Cluster] = [],
        commitment: Commitment,
        configuration: PubSubConfiguration,
        environment: RPCEnvironment,
        logger: Logger?,
        transport: any WebSocketTransport
    ) {
        self.cluster = cluster
        self.fallbacks = fallbacks
        self.commitment = commitment
        self.configuration = configuration
        self.environment = environment
        self.logger = logger
        self.transport = transport
        state = Mutex(State(machine: PubSubMachine(configuration: configuration)))
    }

    /// Makes a client that runs for as long as `body`, and stops when that returns or throws.
    ///
    /// - Parameters:
    ///   - cluster: the network, and its preferred node.
    ///   - fallbacks: further nodes of the same network, used while the preferred one does not work.
    ///   - commitment: the commitment of subscriptions that name none.
    ///   - configuration: how the connection is kept.
    ///   - environment: the clock and randomness.
    ///   - logger: told about connections; never about contents.
    ///   - body: what uses the client.
    /// - Throws: ``PubSubError``, and what `body` throws.
    /// - Returns: what `body` returns.
    @discardableResult
    public static func withClient<Value: Sendable>(
        cluster: Cluster,
        fallbacks: [Cluster] = [],
        commitment: Commitment = .confirmed,
        configuration: PubSubConfiguration = PubSubConfiguration(),
        environment: RPCEnvironment = RPCEnvironment(),
        logger: Logger? = nil,
        _ body: @escaping @Sendable (PubSubClient) async throws -> Value
    ) async throws -> Value {
        let client = PubSubClient(
            cluster: cluster,
            fallbacks: fallbacks,
            commitment: commitment,
            configuration: configuration,
            environment: environment,
            logger: logger
        )
        return try await client.runWhile { try await body(client) }
    }

    /// Runs the client until `body` has returned or thrown.
    @discardableResult
    func runWhile<Value: Sendable>(_ body: @escaping @Sendable () async throws -> Value) async throws -> Value {
        try await withThrowingTaskGroup(of: Value?.self) { group in
            defer { group.cancelAll() }
            group.addTask {
                try await self.run()
                return nil
            }
            group.addTask { try await body() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// Connects, and keeps connected, until the task is cancelled; then all subscriptions end.
    ///
    /// A client runs once. Failures of the connection are not thrown: subscribers are told, and the client goes on.
    ///
    /// - Throws: ``PubSubError/alreadyRunning``.
    public func run() async throws {
        let isFirst = state.withLock { state in
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard isFirst else { throw PubSubError.alreadyRunning }
        defer { state.withLock { perform($0.machine.close(), &$0) } }
        while !Task.isCancelled {
            let node = nextNode()
            let reason: String
            do {
                try await transport.withConnection(to: node, configuration: configuration) { [self] connection in
                    logger?.debug("PubSub connection made", metadata: ["node": "\(node)"])
                    try await serve(connection)
                }
                reason = WebSocketError.closed.description
            } catch {
                reason = "\(error)"
            }
            if Task.isCancelled { return }
            let pause = state.withLock { state in
                state.outbox = nil
                perform(state.machine.disconnected(reason), &state)
                return state.machine.reconnectPause(random: environment.random())
            }
            logger?.debug("PubSub connection ended", metadata: ["reason": "\(reason)", "pause": "\(pause)"])
            try? await environment.clock.sleep(for: pause)
        }
    }

    /// The node to connect to: the preferred one, and after each further failure in a row the next one.
    private func nextNode() -> EndpointAddress {
        let failures = state.withLock { $0.machine.failures }
        let nodes = [cluster] + fallbacks
        return nodes[max(0, failures - 1) % nodes.count].webSocket
    }

    /// Moves messages between a connection and the machine until the connection ends.
    private func serve(_ connection: WebSocketConnection) async throws {
        // Bounded by the number of subscriptions: every request follows from one, and pings are seconds apart.
        let (outgoing, outbox) = AsyncStream.makeStream(of: Outgoing.self)
        let clock = environment.clock
        state.withLock { state in
            state.outbox = outbox
            state.isPongQueued = false
            perform(state.machine.connected(now: clock.now), &state)
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            group.addTask { [self] in
                for await item in outgoing {
                    switch item {
                    case .message(let message):
                        try await connection.send(message)
                        if case .pong = message { state.withLock { $0.isPongQueued = false } }
                    case .drop(let reason): throw WebSocketError.dropped(reason)
                    }
                }
            }
            group.addTask { [self] in
                for try await message in connection.inbound {
                    if case .close = message { throw WebSocketError.closed }
                    state.withLock { state in
                        switch message {
                        case .text(let text):
                            perform(state.machine.received(text, now: clock.now), &state)
                        case .ping(let payload):
                            state.machine.receivedControl(now: clock.now)
                            guard !state.isPongQueued else { break }
                            state.isPongQueued = true
                            outbox.yield(.message(.pong(payload)))
                        case .pong:
                            state.machine.receivedControl(now: clock.now)
                        case .close:
                            break
                        }
                    }
                }
            }
            group.addTask { [self] in
                while true {
                    try await clock.sleep(for: .seconds(1))
                    state.withLock { perform($0.machine.tick(now: clock.now), &$0) }
                }
            }
            try await group.next()
        }
    }

    /// Carries out actions, with the lock held, so that their order is kept.
    private func perform(_ actions: [PubSubMachine.Action], _ state: inout State) {
        for action in actions {
            switch action {
            case .send(let text): state.outbox?.yield(.message(.text(text)))
            case .ping: state.outbox?.yield(.message(.ping([])))
            case .drop(let reason): state.outbox?.yield(.drop(reason))
            case .deliver(let listener, let event): state.mailboxes[listener]?.put(event)
            case .finish(let listener, let error): state.mailboxes[listener]?.finish(error)
            }
        }
    }

    /// Subscribes for as long as `body` runs.
    func withSubscription<Value: Sendable, Result>(
        to topic: Topic,
        decode: @escaping @Sendable ([UInt8]) throws(MalformedJSON) -> Value,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Subscription<Value>) async throws -> sending Result
    ) async throws -> sending Result {
        let mailbox = Mailbox(maximumEvents: configuration.bufferedEvents, maximumBytes: configuration.bufferedBytes)
        let listener = try state.withLock { state throws(PubSubError) in
            let listener = state.nextListener
            state.nextListener += 1
            state.mailboxes[listener] = mailbox
            do throws(PubSubError) {
                perform(try state.machine.subscribe(listener, to: topic, now: environment.clock.now), &state)
            } catch {
                state.mailboxes[listener] = nil
                throw error
            }
            return listener
        }
        defer {
            state.withLock { state in
                perform(state.machine.unsubscribe(listener, now: environment.clock.now), &state)
                state.mailboxes[listener] = nil
            }
        }
        return try await body(Subscription(mailbox: mailbox, decode: decode))
    }
}
