import ChainferenceKit
import Foundation
import LocalCluster
import Logging

@testable import ChainferenceKit

/// A local cluster with a market, wallets with money, and providers that live as long as a test wants.
struct TestMarket: Sendable {
    let cluster: LocalCluster
    let endpoint: Cluster
    let chain: MarketChain

    /// Runs a market for the duration of a test.
    static func with(_ body: @Sendable (TestMarket) async throws -> Void) async throws {
        try await LocalCluster.withRunning(.testing()) { cluster in
            let endpoint = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            let chain = try await MarketChain.connect(to: endpoint, market: .localnet)
            try await body(TestMarket(cluster: cluster, endpoint: endpoint, chain: chain))
        }
    }

    /// A new wallet with money.
    func wallet(_ lamports: Lamports = 1_000_000_000) throws -> Keypair {
        let wallet = Keypair()
        try cluster.airdrop(lamports, to: wallet.address)
        return wallet
    }

    /// A provider and what it reports.
    struct Seller: Sendable {
        let wallet: Keypair
        let backend: ScriptedBackend
        let store: ProviderStore
        let provider: Provider
        let events: EventLog<ProviderEvent>

        var address: Address { Market.localnet.server(of: wallet.address) }

        func registered() async throws {
            _ = try await events.first("registration") { if case .registered = $0 { true } else { nil } }
        }

        func locked() async throws -> Address {
            try await events.first("lock") { if case .locked(let request, _, _) = $0 { request } else { nil } }
        }

        func claimed() async throws -> Lamports {
            try await events.first("claim") { if case .claimed(_, let charge, _) = $0 { charge } else { nil } }
        }

        var claims: Int { events.events.count { if case .claimed = $0 { true } else { false } } }
    }

    static let price = PricePerMillionTokens.lamports(100_000_000)

    /// A provider that does not run yet.
    func seller(
        wallet: Keypair? = nil,
        backend: ScriptedBackend = ScriptedBackend(),
        store: ProviderStore? = nil,
        price: PricePerMillionTokens = price,
        minimumCharge: Lamports = Provider.Offer.standardMinimumCharge,
        configure: (inout Provider.Configuration) -> Void = { _ in }
    ) throws -> Seller {
        var configuration = Provider.Configuration.localnet
        configuration.reconcileInterval = .milliseconds(500)
        configuration.voucherTimeout = .seconds(1)
        // Small ticks, so that tests are quick; the records stay shaped.
        configuration.shape = StreamShape(tick: .milliseconds(10), recordSize: 512) ?? .server
        configure(&configuration)
        let wallet = try wallet ?? self.wallet()
        let store = try store ?? ProviderStore()
        let events = EventLog<ProviderEvent>()
        let provider = Provider(
            wallet: .keypair(wallet),
            cluster: endpoint,
            offers: [
                .init(
                    model: "test/scripted",
                    pricePerMillionTokens: price,
                    pricePerMillionInputTokens: price,
                    minimumCharge: minimumCharge
                )
            ],
            backend: backend,
            store: store,
            configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onEvent: { events.append($0) }
        )
        return Seller(wallet: wallet, backend: backend, store: store, provider: provider, events: events)
    }

    /// Runs a provider while `body` runs, and kills it then, as a crash would.
    func running<Result: Sendable>(
        _ sellers: Seller...,
        body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            for seller in sellers {
                group.addTask {
                    try await seller.provider.run()
                    return nil
                }
            }
            group.addTask {
                for seller in sellers { try await seller.registered() }
                return try await body()
            }
            defer { group.cancelAll() }
            // A provider never ends by itself here; the first to end is the body, or whoever failed.
            guard let result = try await group.next() ?? nil else { throw CancellationError() }
            return result
        }
    }

    /// A client with quick records.
    func client(_ wallet: Keypair, change: (inout ClientPolicy) -> Void = { _ in }) async throws -> InferenceClient {
        var policy = ClientPolicy.localnet
        policy.lockDeadline = .seconds(20)
        policy.claimDeadline = .seconds(20)
        change(&policy)
        return try await InferenceClient(wallet: .keypair(wallet), cluster: endpoint, policy: policy)
    }

    func prompt(_ text: String = "Say something.") throws -> GenerationRequest {
        try GenerationRequest(model: ScriptedBackend.model, messages: [.user(text)])
    }
}
