import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("Changing what is sold while the provider runs", .timeLimit(.minutes(3)))
struct ReloadTests {
    /// Serves one model under several names, and says at the end which backend it is.
    struct NamedBackend: InferenceBackend {
        let name: String
        var served = ["engine/one", "engine/two"]

        func models() async throws -> [String] { served }

        func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary {
            try await output.write("\(name) as \(request.model)")
            return GenerationSummary(finishReason: .stop)
        }
    }

    private func offer(
        _ model: ModelID,
        at backend: Provider.BackendName,
        as name: String = "engine/one",
        price: UInt64 = 1_000_000
    ) -> Provider.Offer {
        Provider.Offer(
            model: model,
            pricePerMillionTokens: .lamports(price),
            backend: backend,
            backendModel: name
        )
    }

    private func ask(_ market: TestMarket, _ model: ModelID) async throws -> String {
        let client = try await market.client(market.wallet())
        let prompt = try GenerationRequest(model: model.name, messages: [.user("Who are you?")])
        return try await client.withSession(model, budget: 1_000_000) { try await $0.ask(prompt) }.text
    }

    private func reloads(_ seller: TestMarket.PlannedSeller) -> [Int] {
        seller.events.events.compactMap { if case .reloaded(let count) = $0 { count } else { nil } }
    }

    @Test("Several models, several backends, each under the name that its backend knows")
    func severalBackends() async throws {
        try await TestMarket.with { market in
            let plan = Provider.Plan(
                offers: [
                    offer("market/a", at: "left"), offer("market/b", at: "right", as: "engine/two"),
                ],
                backends: ["left": NamedBackend(name: "left"), "right": NamedBackend(name: "right")]
            )
            let seller = try market.seller(of: plan)
            try await market.running(seller) {
                let (left, right) = (try await ask(market, "market/a"), try await ask(market, "market/b"))
                #expect(left == "left as engine/one")
                #expect(right == "right as engine/two")
            }
        }
    }

    @Test("A reload changes prices, models and backends in one transaction; who has a lock is served on the old plan")
    func reload() async throws {
        try await TestMarket.with { market in
            let plan = Provider.Plan(
                offers: [offer("market/a", at: "left"), offer("market/gone", at: "left")],
                backends: ["left": NamedBackend(name: "left")]
            )
            let seller = try market.seller(of: plan)
            try await market.running(seller) {
                let first = seller.provider.plan
                // A session that began before, and goes on after.
                let client = try await market.client(market.wallet())
                let prompt = try GenerationRequest(model: "market/gone", messages: [.user("Who are you?")])
                try await client.withSession("market/gone", budget: 1_000_000) { session in
                    let before = try await session.ask(prompt).text
                    #expect(before == "left as engine/one")
                    var plan = first
                    plan.offers = try (0..<4).map {
                        offer(try ModelID(validating: "market/new\($0)"), at: "right", as: "engine/two")
                    }
                    plan.offers.append(offer("market/a", at: "right", price: 7_000_000))
                    plan.backends = ["right": NamedBackend(name: "right")]
                    plan.configuration.concurrency = 9
                    try await seller.provider.reload(plan)
                    let after = try await session.ask(prompt).text
                    #expect(after == "left as engine/one")
                }
                // One removed, four added, one changed.
                #expect(reloads(seller) == [1])
                let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                #expect(account.listings.count == 5)
                let changed = try #require(account.listings.first { $0.model == "market/a" })
                #expect(changed.terms.outputPrice == .lamports(7_000_000))
                let (changedBackend, added) = (
                    try await ask(market, "market/a"), try await ask(market, "market/new3")
                )
                #expect(changedBackend == "right as engine/one")
                #expect(added == "right as engine/two")
                await #expect(throws: ClientError.self) { try await ask(market, "market/gone") }
            }
        }
    }

    @Test("The same plan again costs nothing; one that can't work leaves the old one in place and says why")
    func refusals() async throws {
        try await TestMarket.with { market in
            let plan = Provider.Plan(
                offers: [offer("market/a", at: "left")],
                backends: ["left": NamedBackend(name: "left")]
            )
            let seller = try market.seller(of: plan)
            await #expect(throws: ProviderError.notRunning) { try await seller.provider.reload(plan) }
            try await market.running(seller) {
                var same = seller.provider.plan
                let before = market.cluster.balance(of: seller.wallet.address)
                try await seller.provider.reload(same)
                #expect(reloads(seller) == [0])
                #expect(market.cluster.balance(of: seller.wallet.address) == before)

                same.configuration.listenPort = 1
                await #expect(throws: ProviderError.needsRestart(["the address to listen on"])) {
                    try await seller.provider.reload(same)
                }
                var bad = seller.provider.plan
                bad.offers[0].backendModel = "engine/three"
                await #expect(
                    throws: ProviderError.modelNotServed("engine/three", available: ["engine/one", "engine/two"])
                ) { try await seller.provider.reload(bad) }
                bad.offers[0].backend = "middle"
                await #expect(throws: ProviderError.noSuchBackend("middle", of: "market/a", known: ["left"])) {
                    try await seller.provider.reload(bad)
                }
                #expect(reloads(seller) == [0])
                let answer = try await ask(market, "market/a")
                #expect(answer == "left as engine/one")
            }
        }
    }

    @Test("A listing that could not be changed because the cluster was away is changed when it is back")
    func clusterAway() async throws {
        try await TestMarket.with { market in
            let plan = Provider.Plan(
                offers: [offer("market/a", at: "left")],
                backends: ["left": NamedBackend(name: "left")]
            )
            let seller = try market.seller(of: plan)
            try await market.running(seller) {
                var dearer = seller.provider.plan
                dearer.offers = [offer("market/a", at: "left", price: 3_000_000)]
                market.cluster.faults.inject(
                    Fault(.httpStatus(500), methods: ["simulateTransaction", "sendTransaction"], limit: 40)
                )
                try await seller.provider.reload(dearer)
                _ = try await seller.events.first("reload") { if case .reloaded = $0 { true } else { nil } }
                let account = try await market.chain.waitForServer(of: seller.wallet.address) {
                    $0.listings.first?.terms.outputPrice == .lamports(3_000_000)
                }
                #expect(account)
            }
        }
    }

    @Test("Limits of an offer: a prompt with too many tokens is refused, an answer that takes too long is cut and paid")
    func limits() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.inputTokens = 50
            script.pausesAfter = 10
            let backend = ScriptedBackend(script)
            var offer = Provider.Offer(
                model: "test/scripted",
                pricePerMillionTokens: TestMarket.price,
                limits: .init(maximumInputTokens: 49)
            )
            let narrow = try market.seller(of: .init(offers: [offer], backends: [.main: backend]))
            try await market.running(narrow) {
                let error = await #expect(throws: ClientError.self) { try await ask(market, "test/scripted") }
                let text = "\(try #require(error))"
                #expect(text.contains("at most 49 are taken"))
                #expect(backend.pieces == 0)
            }
            // The engine falls silent after ten tokens, and would stay so.
            offer.limits = .init(maximumDuration: .milliseconds(300))
            let hasty = try market.seller(of: .init(offers: [offer], backends: [.main: backend]))
            try await market.running(hasty) {
                let client = try await market.client(market.wallet())
                let answer = try await client.withSession("test/scripted", budget: 1_000_000) {
                    try await $0.ask(market.prompt())
                }
                #expect(answer.usage.output == 10 && answer.finishReason == FinishReason(rawValue: "limit"))
            }
        }
    }
}

extension MarketChain {
    /// Looks at a server until its account is as wanted, for half a minute at most.
    func waitForServer(of owner: Address, until condition: (ServerAccount) -> Bool) async throws -> Bool {
        let end = ContinuousClock.now + .seconds(30)
        while ContinuousClock.now < end {
            if let account = try await server(of: owner)?.account, condition(account) { return true }
            try await Task.sleep(for: pollInterval)
        }
        return false
    }
}
