import ChainferenceKit
import ChainferenceTesting
import Logging
import Testing

@testable import ChainferenceKit

/// Provider and client as they are, on a cluster whose transactions run in Agave's own runtime; `Tests/SVM` starts it.
@Suite(
    "Provider and client over the real VM",
    .enabled(if: RealVMLedger.urls != nil, "CHAINFERENCE_SVM_NODE names no node"),
    .timeLimit(.minutes(2)),
    .serialized
)
struct RealVMFlowTests {
    private let endpoint: Cluster
    private let rpc: RPCClient

    init() throws {
        let urls = try #require(RealVMLedger.urls)
        endpoint = try Cluster(rpcURL: urls[0], webSocketURL: urls[1])
        rpc = RPCClient(cluster: endpoint, policy: .localnet)
    }

    private func wallet() async throws -> Keypair {
        let wallet = Keypair()
        try await rpc.airdrop(1_000_000_000, to: wallet.address)
        return wallet
    }

    /// Runs a provider of the scripted model, and the body when it is registered.
    private func withSeller(_ body: @escaping @Sendable (Keypair, EventLog<ProviderEvent>) async throws -> Void)
        async throws
    {
        let (seller, events) = (try await wallet(), EventLog<ProviderEvent>())
        var configuration = Provider.Configuration.localnet
        configuration.shape = StreamShape(tick: .milliseconds(10), recordSize: 512) ?? .server
        let price = TestMarket.price
        let provider = Provider(
            wallet: .keypair(seller),
            cluster: endpoint,
            offers: [.init(model: "test/scripted", pricePerMillionTokens: price, pricePerMillionInputTokens: price)],
            backend: ScriptedBackend(),
            store: try ProviderStore(),
            configuration: configuration,
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() },
            onEvent: { events.append($0) }
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await provider.run() }
            group.addTask {
                _ = try await events.first("registration") { if case .registered = $0 { true } else { nil } }
                try await body(seller, events)
            }
            // The provider does not end by itself.
            try await group.next()
            group.cancelAll()
        }
    }

    @Test(
        "One prompt and a conversation of twenty: the program takes one request and one claim for either",
        arguments: [1, 20]
    )
    func conversation(prompts: Int) async throws {
        let buyer = try await wallet()
        try await withSeller { seller, events in
            let before = try await rpc.getBalance(of: seller.address).value
            var policy = ClientPolicy.localnet
            policy.flow = .only(prompts == 1 ? .open : .direct)
            let client = try await InferenceClient(wallet: .keypair(buyer), cluster: endpoint, policy: policy)
            let settled = EventLog<Settlement>()
            let waits = EventLog<Duration>()
            let (request, usage) = try await client.withSession(
                "test/scripted",
                budget: 10_000_000,
                onEvent: { if case .settled(let settlement) = $0 { settled.append(settlement) } },
                { session in
                    for _ in 0..<prompts {
                        let asked = ContinuousClock.now
                        let prompt = try GenerationRequest(model: "test/scripted", messages: [.user("Say something.")])
                        try await session.ask(prompt)
                        waits.append(asked.duration(to: .now))
                    }
                    return (session.request, session.usage)
                }
            )
            #expect(usage.output == 40 * UInt64(prompts))
            let charge = try await events.first("claim") {
                if case .claimed(_, let charge, _) = $0 { charge } else { nil }
            }
            #expect(settled.events.map(\.charge) == [charge])
            // Publish, lock in the open flow, claim, and the close that brings the rent home.
            let transactions = try await rpc.getSignaturesForAddress(request)
            #expect(transactions.count == (prompts == 1 ? 4 : 3))
            // The node's market takes 2.5 %; it waits in the server's account.
            let fee = SimulatedChain.fee.share(of: charge).rawValue
            let costs: UInt64 = prompts == 1 ? 15_000 : 10_000
            let after = try await rpc.getBalance(of: seller.address).value
            #expect(after.rawValue == before.rawValue + charge.rawValue - fee - costs)
            #expect(
                try await rpc.getBalance(of: buyer.address).value.rawValue == 1_000_000_000 - charge.rawValue - 10_000
            )
            let sorted = waits.events.dropFirst().sorted()
            if !sorted.isEmpty {
                print("follow-up answers of 40 tokens take \(sorted[sorted.count / 2]) in the median")
            }
        }
    }
}
