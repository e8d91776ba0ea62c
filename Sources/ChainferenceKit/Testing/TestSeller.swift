public import ChainferenceKit
public import Logging
import PeerChannel

/// A provider in a test, and what it reports.
public protocol TestSeller: Sendable {
    /// The provider.
    var provider: Provider { get }
    /// What it has reported.
    var events: EventLog<ProviderEvent> { get }
}

extension TestSeller {
    /// Waits until the provider is registered on the chain.
    public func registered() async throws {
        _ = try await events.first("registration") { if case .registered = $0 { true } else { nil } }
    }

    /// Waits for the provider's first lock.
    ///
    /// - Returns: The request's address.
    public func locked() async throws -> Address {
        try await events.first("lock") { if case .locked(let request, _, _) = $0 { request } else { nil } }
    }

    /// Waits for the provider's first claim.
    ///
    /// - Returns: What it charged.
    public func claimed() async throws -> Lamports {
        try await events.first("claim") { if case .claimed(_, let charge, _) = $0 { charge } else { nil } }
    }

    /// How often the provider has claimed.
    public var claims: Int { events.events.count { if case .claimed = $0 { true } else { false } } }
}

extension TestMarket {
    /// A provider with a backend of the test's choice.
    public struct Seller<Backend: InferenceBackend>: TestSeller {
        /// Owns the server account and is paid.
        public let wallet: Keypair
        /// Generates the answers.
        public let backend: Backend
        /// Keeps locks and vouchers.
        public let store: ProviderStore
        /// The provider; it runs within ``TestMarket/running(_:body:)``.
        public let provider: Provider
        /// What the provider has reported.
        public let events: EventLog<ProviderEvent>

        /// The server account's address.
        public var address: Address { Market.localnet.server(of: wallet.address) }
    }

    /// A provider of the scripted model that does not run yet; see ``running(_:body:)``.
    ///
    /// - Parameters:
    ///   - wallet: Owns the server account; nil for a new one with money.
    ///   - backend: What the answers are like.
    ///   - store: Keeps locks and vouchers; nil for a new one in memory.
    ///   - price: Per million tokens, of input and of output.
    ///   - minimumCharge: The least that a session costs.
    ///   - configure: Makes other choices.
    /// - Returns: The provider, its store and its events.
    /// - Throws: What the cluster's faucet or a new store throws.
    public func seller(
        wallet: Keypair? = nil,
        backend: ScriptedBackend = ScriptedBackend(),
        store: ProviderStore? = nil,
        price: PricePerMillionTokens = price,
        minimumCharge: Lamports = Provider.Offer.standardMinimumCharge,
        configure: (inout Provider.Configuration) -> Void = { _ in }
    ) throws -> Seller<ScriptedBackend> {
        try seller(
            of: ModelID(validating: ScriptedBackend.model),
            backend: backend,
            wallet: wallet,
            store: store,
            price: price,
            minimumCharge: minimumCharge,
            configure: configure
        )
    }

    /// A provider of a model and a backend of one's own, that does not run yet; see ``running(_:body:)``.
    ///
    /// - Parameters:
    ///   - model: The model that is offered; the backend must list it.
    ///   - backend: Generates the answers.
    ///   - wallet: Owns the server account; nil for a new one with money.
    ///   - store: Keeps locks and vouchers; nil for a new one in memory.
    ///   - price: Per million tokens, of input and of output.
    ///   - minimumCharge: The least that a session costs.
    ///   - configure: Makes other choices.
    /// - Returns: The provider, its store and its events.
    /// - Throws: What the cluster's faucet or a new store throws.
    public func seller<Backend: InferenceBackend>(
        of model: ModelID,
        backend: Backend,
        wallet: Keypair? = nil,
        store: ProviderStore? = nil,
        price: PricePerMillionTokens = price,
        minimumCharge: Lamports = Provider.Offer.standardMinimumCharge,
        configure: (inout Provider.Configuration) -> Void = { _ in }
    ) throws -> Seller<Backend> {
        let offer = Provider.Offer(
            model: model,
            pricePerMillionTokens: price,
            pricePerMillionInputTokens: price,
            minimumCharge: minimumCharge
        )
        let planned = try seller(
            of: Provider.Plan(offers: [offer], backends: [.main: backend]),
            wallet: wallet,
            store: store,
            configure: configure
        )
        return Seller(
            wallet: planned.wallet,
            backend: backend,
            store: planned.store,
            provider: planned.provider,
            events: planned.events
        )
    }

    /// A provider of several models or backends.
    public struct PlannedSeller: TestSeller {
        /// Owns the server account and is paid.
        public let wallet: Keypair
        /// Keeps locks and vouchers.
        public let store: ProviderStore
        /// The provider; it runs within ``TestMarket/running(_:body:)``.
        public let provider: Provider
        /// What the provider has reported.
        public let events: EventLog<ProviderEvent>
    }

    /// A provider of a whole plan, that does not run yet; see ``running(_:body:)``.
    ///
    /// - Parameters:
    ///   - plan: What is sold and who answers; its configuration is replaced by one that is quick.
    ///   - wallet: Owns the server account; nil for a new one with money.
    ///   - store: Keeps locks and vouchers; nil for a new one in memory.
    ///   - logger: Gets what happens; nil for nobody.
    ///   - configure: Makes other choices.
    /// - Returns: The provider, its store and its events.
    /// - Throws: What the cluster's faucet or a new store throws.
    public func seller(
        of plan: Provider.Plan,
        wallet: Keypair? = nil,
        store: ProviderStore? = nil,
        logger: Logger? = nil,
        configure: (inout Provider.Configuration) -> Void = { _ in }
    ) throws -> PlannedSeller {
        var configuration = Provider.Configuration.localnet
        configuration.reconcileInterval = .milliseconds(500)
        configuration.voucherTimeout = .seconds(1)
        // Small ticks, so that tests are quick; the records stay shaped.
        configuration.shape = StreamShape(tick: .milliseconds(10), recordSize: 512) ?? .server
        configure(&configuration)
        var plan = plan
        plan.configuration = configuration
        let wallet = try wallet ?? self.wallet()
        let store = try store ?? ProviderStore()
        let events = EventLog<ProviderEvent>()
        let provider = Provider(
            wallet: .keypair(wallet),
            cluster: endpoint,
            plan: plan,
            store: store,
            logger: logger ?? Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onEvent: { events.append($0) }
        )
        return PlannedSeller(wallet: wallet, store: store, provider: provider, events: events)
    }
}
