public import Inference
public import InferenceMarket
public import Logging
import PeerChannel
public import ServiceLifecycle
import SodiumCrypto
import Solana
public import SolanaRPC

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
/// new locks, finishes the answers that are running, and claims them.
public struct Provider: Service {
    let wallet: Wallet
    let cluster: Cluster
    let market: Market
    let offers: [Offer]
    let backend: any InferenceBackend
    let store: ProviderStore?
    let configuration: Configuration
    let logger: Logger
    let onEvent: @Sendable (ProviderEvent) -> Void

    /// Puts a provider together; nothing happens until ``run()``.
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
    public init(
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
        self.wallet = wallet
        self.cluster = cluster
        self.market = market
        self.offers = offers
        self.backend = backend
        self.store = store
        self.configuration = configuration
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
        try validate()
        try await checkBackend()
        let store = try store ?? ProviderStore(path: storePath())
        let pubsub = PubSubClient(cluster: cluster, logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await pubsub.run() }
            defer { group.cancelAll() }
            let chain = try await MarketChain.connect(to: cluster, market: market, pubsub: pubsub, logger: logger)
            let engine = try await ProviderEngine(provider: self, chain: chain, pubsub: pubsub, store: store)
            try await withGracefulShutdownHandler {
                try await engine.run()
            } onGracefulShutdown: {
                engine.drain()
            }
        }
    }

    /// Refuses what can't work before anything is asked or spent.
    func validate() throws(ProviderError) {
        guard !offers.isEmpty else { throw .noOffers }
        var seen: Set<ModelHash> = []
        for offer in offers {
            guard seen.insert(offer.model.hash).inserted else { throw .duplicateOffer(offer.model) }
            let ceiling = PricePerMillionTokens.maximum
            guard offer.terms.outputPrice > .free, offer.terms.outputPrice <= ceiling,
                offer.terms.inputPrice <= ceiling, offer.terms.minimumCharge.rawValue <= ceiling.rawValue
            else { throw .invalidTerms(offer.model) }
        }
    }

    private func checkBackend() async throws {
        let available: [String]
        do {
            available = try await backend.models()
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ProviderError.backendUnavailable(reason: "\(error)")
        }
        for offer in offers where !available.contains(offer.backendModel) {
            throw ProviderError.modelNotServed(offer.backendModel, available: available)
        }
    }
}
