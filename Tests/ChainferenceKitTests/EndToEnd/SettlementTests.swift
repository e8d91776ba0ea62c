import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("The market, end to end", .timeLimit(.minutes(3)))
struct SettlementTests {
    @Test(
        "One answer, either way: every lamport is accounted for, on both sides, and the record shows it",
        arguments: RequestFlow.allCases
    )
    func onePrompt(flow: RequestFlow) async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let buyer = try market.wallet()
            try await market.running(seller) {
                let before = market.cluster.allBalances()
                let sellerBefore = market.cluster.balance(of: seller.wallet.address)
                let buyerBefore = market.cluster.balance(of: buyer.address)
                let client = try await market.client(buyer) { $0.flow = .only(flow) }
                let events = EventLog<ClientEvent>()
                try await client.withSession(
                    "test/scripted",
                    budget: 1_000_000,
                    onEvent: { events.append($0) },
                    { try await $0.ask(market.prompt()) }
                )
                let quote = try await events.first("quote") { if case .quoted(let quote) = $0 { quote } else { nil } }
                let answer = try await events.first("answer") {
                    if case .finished(let answer) = $0 { answer } else { nil }
                }
                #expect(answer.text == ScriptedBackend.Script().pieces.joined())
                #expect(answer.usage.output == 40)
                #expect(answer.hasReceipt)
                let settlement = try await events.first("settlement") {
                    if case .settled(let settlement) = $0 { settlement } else { nil }
                }
                // 40 tokens are vouched for as a bucket of 64.
                let terms = Terms(outputPrice: TestMarket.price, inputPrice: TestMarket.price, minimumCharge: 20_000)
                let due = terms.charge(for: TokenCount(input: answer.usage.input, output: 64))
                #expect(settlement.state == .complete)
                #expect(settlement.charge == due)

                #expect(try await seller.claimed() == due)
                let sellerAfter = market.cluster.balance(of: seller.wallet.address)
                let buyerAfter = market.cluster.balance(of: buyer.address)
                // Lock, in the open flow: one signature. Claim: the server's, and the voucher's in the precompile.
                let serverFees: UInt64 = flow == .open ? 15_000 : 10_000
                #expect(sellerAfter.rawValue == sellerBefore.rawValue + due.rawValue - serverFees)
                #expect(quote.flow == flow && quote.serverFees == Lamports(serverFees))
                #expect(quote.sessionFees == Lamports(serverFees + 10_000))
                #expect(buyerAfter.rawValue == buyerBefore.rawValue - due.rawValue - 10_000)
                #expect(settlement.cost.rawValue == buyerBefore.rawValue - buyerAfter.rawValue)
                #expect(market.cluster.allBalances().total == before.total)

                let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                #expect(account.reputation == Reputation(completed: 1))
                #expect(account.earned == due && account.openLocks == 0)
                #expect(try await market.chain.requests(.requests(of: buyer.address)).isEmpty)
                let claims = try await seller.store.claims()
                #expect(claims.count == 1 && claims.first?.charge == due && claims.first?.signature != nil)
                #expect(try await seller.store.unsettledLocks().isEmpty)
            }
        }
    }

    @Test("Several prompts under one lock are one claim over their sum")
    func severalPrompts() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer)
                let usage = try await client.withSession("test/scripted", budget: 1_000_000) { session in
                    for _ in 0..<3 { try await session.ask(market.prompt()) }
                    return session.usage
                }
                #expect(usage.output == 120)
                let terms = Terms(outputPrice: TestMarket.price, inputPrice: TestMarket.price, minimumCharge: 20_000)
                let due = terms.charge(for: TokenCount(input: usage.input, output: 128))
                #expect(try await seller.claimed() == due)
                #expect(seller.claims == 1)
            }
        }
    }

    @Test("Of two providers the one within the caps locks, and the dearer one says why it did not")
    func twoPrices() async throws {
        try await TestMarket.with { market in
            let cheap = try market.seller()
            let dear = try market.seller(price: .lamports(TestMarket.price.rawValue * 2))
            let buyer = try market.wallet()
            try await market.running(cheap, dear) {
                let client = try await market.client(buyer) { $0.flow = .only(.open) }
                try await client.withSession("test/scripted", budget: 1_000_000) { try await $0.ask(market.prompt()) }
                _ = try await cheap.claimed()
                let reason = try await dear.events.first("refusal") {
                    if case .left(_, let reason) = $0 { reason } else { nil }
                }
                #expect(reason == "the listed terms are above its caps")
                #expect(dear.claims == 0)
            }
        }
    }

    @Test("Whatever a session costs, a client that nobody locks for pays the fees alone")
    func nobodyLocks() async throws {
        try await TestMarket.with { market in
            // Registered, alive, and full.
            let seller = try market.seller { $0.profitFloor = 1_000_000_000 }
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer) {
                    $0.flow = .only(.open)
                    $0.lockDeadline = .seconds(1)
                }
                let before = market.cluster.balance(of: buyer.address)
                let error = await #expect(throws: ClientError.self) {
                    try await client.withSession("test/scripted", budget: 1_000_000) {
                        try await $0.ask(market.prompt())
                    }
                }
                #expect("\(try #require(error))".contains("The stake came back"))
                #expect(market.cluster.balance(of: buyer.address).rawValue == before.rawValue - 10_000)
                #expect(try await market.chain.requests(.requests(of: buyer.address)).isEmpty)
            }
        }
    }

    @Test("An engine that counts more in the end than it streamed is paid what it counts, as far as it is plausible")
    func countsAtTheEnd() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.usage = TokenUsage(inputTokens: 5, outputTokens: 100)
            let seller = try market.seller(backend: ScriptedBackend(script))
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer)
                let answer = try await client.withSession("test/scripted", budget: 1_000_000) {
                    try await $0.ask(market.prompt())
                }
                #expect(answer.usage.output == 100)
                let terms = Terms(outputPrice: TestMarket.price, inputPrice: TestMarket.price, minimumCharge: 20_000)
                #expect(
                    try await seller.claimed() == terms.charge(for: TokenCount(input: answer.usage.input, output: 128))
                )
            }
        }
    }

    @Test(
        "A wallet without funds, a prompt that is too long, an unknown model and a tiny budget cost nothing and say so"
    )
    func refusals() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller { $0.maximumPromptBytes = 65_536 }
            let buyer = try market.wallet()
            try await market.running(seller) {
                let long = try market.prompt(String(repeating: "long ", count: 4_000))
                func error(
                    _ wallet: Keypair,
                    asking prompt: GenerationRequest,
                    of model: ModelID = "test/scripted",
                    budget: Lamports = 1_000_000
                ) async throws -> String {
                    let client = try await market.client(wallet) { $0.maximumPromptBytes = 10_000 }
                    let before = market.cluster.balance(of: wallet.address)
                    let thrown = await #expect(throws: ClientError.self) {
                        try await client.withSession(model, budget: budget, for: prompt) { try await $0.ask(prompt) }
                    }
                    #expect(market.cluster.balance(of: wallet.address) == before)
                    return "\(try #require(thrown))"
                }
                let prompt = try market.prompt()
                for text in [
                    try await error(Keypair(), asking: prompt),
                    try await error(buyer, asking: long),
                    try await error(buyer, asking: prompt, of: "no/such-model"),
                    try await error(buyer, asking: prompt, budget: 1),
                ] {
                    #expect(text.contains("Nothing was spent"), "\(text)")
                }
                #expect(try await error(buyer, asking: prompt, of: "no/such-model").contains("test/scripted"))
                #expect(seller.backend.pieces == 0)
            }
        }
    }
}
