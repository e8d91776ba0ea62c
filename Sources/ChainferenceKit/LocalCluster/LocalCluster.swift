import Logging
import NIOCore
public import ServiceLifecycle
import Solana
import Synchronization

/// A Solana-compatible cluster in this process: one ``Ledger`` behind real JSON-RPC and PubSub endpoints.
///
/// For development, demonstrations and tests, as `solana-test-validator` is: any Solana client can talk to it. It runs
/// the market program natively. Its keys are public, its lamports worthless, and it protects itself from nobody.
///
/// ```swift
/// try await LocalCluster.withRunning(.testing()) { cluster in
///     try cluster.airdrop(.lamports(2_000_000_000), to: wallet.address)
///     print(cluster.rpcURL)
/// }
/// ```
///
/// As a ServiceLifecycle `Service` it runs until its group shuts down:
///
/// ```swift
/// let cluster = LocalCluster()
/// try await ServiceGroup(services: [cluster], gracefulShutdownSignals: [.sigint, .sigterm], logger: logger).run()
/// ```
public final class LocalCluster: Service {
    /// The Agave version whose JSON-RPC shapes this cluster follows; it names itself so, because clients look at it.
    static let apiVersion = "4.1.2"

    /// How the cluster runs.
    public let configuration: Configuration

    /// Faults to inject, none at first.
    public let faults = FaultInjector()

    private let state: Mutex<State>
    private let readiness = Readiness()

    /// Everything that changes, behind one lock that is never held across an await.
    struct State: Sendable {
        var ledger: Ledger
        var subscriptions = SubscriptionHub()
        var airdrops: UInt32 = 0

        /// How far the cluster's clock is ahead of the time of day, in seconds; of genesis if the pace is manual.
        var skew: Int64 = 0

        /// How much time slots have taken since genesis; counts if the pace is manual.
        var elapsed = Duration.zero
        let genesisTime: Int64

        /// What the lagging node has not heard of yet.
        var lagging = LaggingFeed()

        init(ledger: Ledger) {
            self.ledger = ledger
            genesisTime = ledger.unixTimestamp
        }

        init(_ snapshot: ClusterSnapshot, ledger: Ledger) {
            self.ledger = ledger
            airdrops = snapshot.airdrops
            skew = snapshot.skew
            elapsed = snapshot.elapsed
            genesisTime = snapshot.genesisTime
        }
    }

    /// Makes a cluster with its genesis; it listens once it runs.
    public init(_ configuration: Configuration = Configuration()) {
        self.configuration = configuration
        state = Mutex(State(ledger: Ledger(parameters: configuration.ledgerParameters)))
    }

    /// Makes a cluster that goes on from a snapshot; it listens once it runs.
    ///
    /// In real time the clock is the time of day again, but never earlier than it was.
    ///
    /// - Parameters:
    ///   - configuration: How it runs. Of the ledger's parameters, rent, the fee for a signature and the length of an
    ///     epoch are the snapshot's, and those for genesis count for nothing.
    ///   - snapshot: Where it goes on from.
    /// - Throws: ``SnapshotError/otherMarket`` if the configuration names another market program.
    public init(
        _ configuration: Configuration = Configuration(),
        restoring snapshot: ClusterSnapshot
    ) throws(SnapshotError) {
        let ledger = try snapshot.ledger.restored(with: configuration.ledgerParameters)
        var configuration = configuration
        configuration.ledger = ledger.parameters
        self.configuration = configuration
        state = Mutex(State(snapshot, ledger: ledger))
    }

    // MARK: Running

    /// Serves until the task is cancelled or the service group shuts down.
    public func run() async throws {
        defer { readiness.stop() }
        do {
            try await cancelWhenGracefulShutdown {
                let nodes = self.configuration.nodes(of: self)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for (index, node) in nodes.enumerated() {
                        let pubSub = try await PubSubServer.bind(for: node)
                        group.addTask { try await pubSub.serve() }
                        group.addTask {
                            try await RPCServer(node: node).serve { port in
                                let endpoints = self.endpoints(rpcPort: port, pubSubPort: pubSub.port)
                                self.readiness.note(endpoints, ofNode: index, among: nodes.count)
                            }
                        }
                    }
                    if self.configuration.pace == .realTime {
                        group.addTask { try await self.keepTime() }
                    }
                    // Whichever ends first, by an error or by cancellation, ends the others.
                    defer { group.cancelAll() }
                    try await group.next()
                }
            }
        } catch is CancellationError {
            return
        }
    }

    /// Runs a cluster for the duration of a call.
    ///
    /// - Parameters:
    ///   - configuration: How it runs.
    ///   - snapshot: Where it goes on from; nil for a genesis of its own.
    ///   - isolation: Whose isolation `body` runs in.
    ///   - body: What to do while it runs.
    /// - Returns: What `body` returned.
    /// - Throws: What `body` throws, why the cluster could not listen, or ``SnapshotError``.
    public static func withRunning<Result: Sendable>(
        _ configuration: Configuration = Configuration(),
        restoring snapshot: ClusterSnapshot? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (LocalCluster) async throws -> Result
    ) async throws -> Result {
        let cluster =
            try snapshot.map { snapshot throws(SnapshotError) in try LocalCluster(configuration, restoring: snapshot) }
            ?? LocalCluster(configuration)
        return try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await cluster.run() }
            defer { group.cancelAll() }
            do {
                _ = try await cluster.endpoints()
            } catch {
                // The run knows better than its waiter why there are no endpoints.
                try await group.next()
                throw error
            }
            return try await body(cluster)
        }
    }

    /// Waits until the cluster listens.
    ///
    /// - Throws: `CancellationError` if the task is cancelled or the cluster stops before that.
    @discardableResult
    public func endpoints() async throws -> Endpoints { try await readiness.endpoints() }

    /// Where the lagging node listens; nil without one, and before the cluster runs.
    public var laggingEndpoints: Endpoints? { readiness.current(node: 1) }

    /// The JSON-RPC endpoint; the configured one while the cluster does not listen yet.
    public var rpcURL: String { currentEndpoints.rpcURL }

    /// The PubSub endpoint; the configured one while the cluster does not listen yet.
    public var webSocketURL: String { currentEndpoints.webSocketURL }

    private var currentEndpoints: Endpoints {
        readiness.current(node: 0)
            ?? endpoints(
                rpcPort: configuration.rpcPort,
                pubSubPort: configuration.pubSubPort ?? configuration.rpcPort + 1
            )
    }

    private func endpoints(rpcPort: Int, pubSubPort: Int) -> Endpoints {
        let host = configuration.host.contains(":") ? "[\(configuration.host)]" : configuration.host
        return Endpoints(rpcURL: "http://\(host):\(rpcPort)", webSocketURL: "ws://\(host):\(pubSubPort)")
    }

    private func keepTime() async throws {
        let clock = ContinuousClock()
        var next = clock.now
        while true {
            // Against a fixed grid, so that late wake-ups don't add up; slots that were slept through are left out.
            next = max(next.advanced(by: configuration.ledger.slotDuration), clock.now)
            try await clock.sleep(until: next)
            advanceSlot()
        }
    }

    // MARK: Time

    /// Ends the slot and begins the next one.
    public func advanceSlot() {
        let holdsConfirmations = faults.holdsConfirmations()
        withState { state in
            state.elapsed += configuration.ledger.slotDuration
            let now =
                switch configuration.pace {
                case .realTime: Ledger.timeOfDay()
                case .manual: state.genesisTime + state.elapsed.components.seconds
                }
            let advance = state.ledger.beginSlot(
                unixTimestamp: now + state.skew,
                holdsConfirmations: holdsConfirmations,
                isHeard: state.subscriptions.count > 0 || configuration.laggingNode != nil
            )
            state.subscriptions.publish(advance)
            if let lag = configuration.laggingNode?.slots { state.lagging.begin(advance, lag: max(1, lag)) }
        }
    }

    /// Moves the cluster's clock forward and begins a slot with the new time.
    ///
    /// - Parameter duration: How far; parts of a second count for nothing.
    public func advance(by duration: Duration) {
        withState { $0.skew += max(0, duration.components.seconds) }
        advanceSlot()
    }

    // MARK: State

    /// Lends the state for a call that does not await.
    func withState<Result: Sendable, Failure: Error>(
        _ body: (inout State) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try state.withLock { state throws(Failure) in try body(&state) }
    }
}
