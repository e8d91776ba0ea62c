import ChainferenceTesting
import Testing

/// The code under test: asks for a summary, and makes do with the first line when the market can't help.
struct Summarizer {
    let client: InferenceClient

    func summary(of text: String) async throws -> String {
        let prompt = try GenerationRequest(model: "test/scripted", messages: [.user("Summarize: \(text)")])
        do {
            return try await client.withSession("test/scripted", budget: 1_000_000) { try await $0.ask(prompt).text }
        } catch is ClientError {
            return String(text.prefix { $0 != "\n" })
        }
    }
}

@Suite(.timeLimit(.minutes(1)))
struct SummaryTests {
    @Test func aSummaryIsBoughtAndPaidFor() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pieces = ["All ", "is ", "well."]
            let seller = try market.seller(backend: ScriptedBackend(script))
            try await market.running(seller) {
                let wallet = try market.wallet()
                let summarizer = Summarizer(client: try await market.client(wallet))
                #expect(try await summarizer.summary(of: "A long story") == "All is well.")

                let charge = try await seller.claimed()
                let fees: UInt64 = 10_000
                #expect(market.cluster.balance(of: wallet.address).rawValue == 1_000_000_000 - charge.rawValue - fees)
            }
        }
    }

    @Test func aSellerThatFailsInMidAnswerIsNoDisaster() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.failsAfter = 3
            let seller = try market.seller(backend: ScriptedBackend(script))
            try await market.running(seller) {
                let summarizer = Summarizer(client: try await market.client(market.wallet()))
                #expect(try await summarizer.summary(of: "First line\nSecond line") == "First line")
            }
        }
    }
}
