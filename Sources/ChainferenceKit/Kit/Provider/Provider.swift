public import Inference
public import InferenceMarket
public import Logging
import PeerChannel
public import ServiceLifecycle
import SodiumCrypto
import Solana
public import SolanaRPC
import Synchronization

/// Serves models on the market: registers, locks requests, answers prompts, collects what clients have vouched for.
///
/// ```swift
/// let provider = Provider(
///     wallet: try .solanaCLIDefault(),
///     cluster: .localnet,
///     offers: [.init(model: "org/model", pricePerMillionTokens: .lamports(400_000))],
///     backend: backend,
///     configuration: .localnet
/// )
/// try await provider.run()
/// ```
///
/// Everything that is money is on disk before it is acted on. Killed at any point and started again with the same store,
/// a provider claims what it has vouchers for, once, and gives back what it can't serve. On graceful shutdown it takes no
/// new locks, finishes the answers that are running, and claims them. ``reload(_:)`` changes what is sold, and how, while
/// it runs.
public final class Provider: Service {
    let wallet: Wallet
    let cluster: Cluster
    let fallbacks: [Cluster]
    let market: Market
    let plan: Plan
    let store: ProviderStore?
    let logger: Logger
    let onEvent: @Sendable (ProviderEvent) -> Void
    private let running = Mutex<ProviderEngine?>(nil)

    /// Puts a provider of one backend together; nothing happens until ``run()``.
    ///
    /// - Parameters:
    ///   - wallet: Owns the server account, pays for transactions and is paid.
    ///   - cluster: The network and a node of it.
    ///   - market: The deployment of the market program.
    ///   - offers: The models that are served, and their terms.
    ///   - backend: What generates the answers.
    ///   - store: Where vouchers and locks are kept; nil for a file of this wallet and market in the state folder.
    ///   - configuration: Limits and choices.
    ///   - logger: Gets what happens, never prompts, answers or keys.
    ///   - onEvent: Is told what happens, in order; must not block.
    public convenience init(
        wallet: Wallet,
        cluster: Cluster,
        market: Market = .localnet,
        offers: [Offer],
        backend: any InferenceBackend,
        store: ProviderStore? = nil,
        configuration: Configuration = Configuration(),
        logger: Logger = Logger(label: "chainference.provider"),
        onEvent: @escaping @Sendable (ProviderEvent) -> Void = { _ in }
    ) {
        self.init(
            wallet: wallet,
            cluster: cluster,
            market: market,
            plan: Plan(offers: offers, backends: [.main: backend], configuration: configuration),
            store: store,
            logger: logger,
            onEvent: onEvent
        )
    }

    /// Puts a provider of several backends together; nothing happens until ``run()``.
    ///
    /// - Parameters:
    ///   - wallet: Owns the server account, pays for transactions and is paid.
    ///   - cluster: The network and a node of it.
    ///   - fallbacks: Further nodes of the same network, used while the first does not work.
    ///   - market: The deployment of the market program.
    ///   - plan: What is sold, who answers, and the limits.
    ///   - store: Where vouchers and locks are kept; nil for a file of this wallet and market in the state folder.
    ///   - logger: Gets what happens, never prompts, answers or keys.
    ///   - onEvent: Is told what happens, in order; must not block.
    public init(
        wallet: Wallet,
        cluster: Cluster,
        fallbacks: [Cluster] = [],
        market: Market = .localnet,
        plan: Plan,
        store: ProviderStore? = nil,
        logger: Logger = Logger(label: "chainference.provider"),
        onEvent: @escaping @Sendable (ProviderEvent) -> Void = { _ in }
    ) {
        self.wallet = wallet
        self.cluster = cluster
        self.fallbacks = fallbacks
        self.market = market
        self.plan = plan
        self.store = store
        self.logger = logger
        self.onEvent = onEvent
    }

    /// Runs until graceful shutdown is done or the task is cancelled.
    ///
    /// Cancellation is abrupt, as a crash would be; a graceful shutdown (SIGTERM under a `ServiceGroup`) drains.
    ///
    /// - Throws: ``ProviderError`` for what keeps it from starting; ``StoreError``; errors of the cluster while starting.
    ///   Once it runs, trouble with the cluster is reported as ``ProviderEvent/chainTrouble(reason:)`` and outlasted.
    public func run() async throws {
        try plan.validate()
        try await plan.checkBackends()
        let store =
            try store
            ?? ProviderStore(
                path: ProviderStore.standardPath(
                    wallet: wallet.address,
                    market: market,
                    folder: plan.configuration.stateFolder
                )
            )
        let pubsub = PubSubClient(
            cluster: cluster,
            fallbacks: fallbacks,
            configuration: cluster.isLoopback ? .localnet : PubSubConfiguration(),
            logger: logger
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pubsub.run() }
            defer { group.cancelAll() }
            let chain = try await MarketChain.connect(
                to: cluster,
                fallbacks: fallbacks,
                market: market,
                pubsub: pubsub,
                logger: logger
            )
            let engine = try await ProviderEngine(provider: self, chain: chain, pubsub: pubsub, store: store)
            running.withLock { $0 = engine }
            defer { running.withLock { $0 = nil } }
            try await withGracefulShutdownHandler {
                try await engine.run()
            } onGracefulShutdown: {
                engine.drain()
            }
        }
    }

    /// Changes what is sold and how, while the provider runs.
    ///
    /// The new plan is checked first, its backends are asked, and only then does it take the place of the old one; the
    /// listings on the chain follow, in as few transactions as hold the changes. Whoever has a lock is served on the old
    /// plan to its end. If the chain can't be reached, the new plan holds, and the listings follow when it can.
    ///
    /// - Throws: ``ProviderError`` when the plan can't work, ``ProviderError/needsRestart(_:)`` when it changes what only
    ///   a new start can change, ``ProviderError/notRunning``. The old plan holds then.
    public func reload(_ plan: Plan) async throws {
        guard let engine = running.withLock({ $0 }) else { throw ProviderError.notRunning }
        try await engine.reload(plan)
    }

    /// What the provider is doing now, for health checks and metrics.
    public var status: ProviderStatus { running.withLock { $0 }?.status ?? ProviderStatus() }
}
