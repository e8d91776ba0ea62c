import ChainferenceKit
import Testing

@testable import ChainferenceKit

@Suite("Choice of a server")
struct ServerRankingTests {
    private struct Strengths: Decodable {
        let comparisons: [[Int]]
        let estimates: [[Double]]
    }

    private struct Server: Decodable {
        let cost: UInt64
        let completed: UInt64
        let failed: UInt64
        let flagged: UInt64
        let compared: UInt64
        let preferred: UInt64
        let latency: Double?
        let failures: Int
        let payers: Int?
        let score: Double
    }

    private static func address(_ index: Int) throws -> Address {
        try Address(bytes: [UInt8](repeating: 0, count: 31) + [UInt8(index + 1)])
    }

    private static func facts(
        _ index: Int,
        cost: UInt64 = 20_000,
        reputation: Reputation = Reputation(),
        latency: Duration? = nil
    ) throws -> ServerFacts {
        ServerFacts(
            offer: Offer(
                server: try address(index),
                account: try address(index + 100),
                terms: Terms(outputPrice: .lamports(1), minimumCharge: Lamports(cost)),
                reputation: reputation,
                heartbeatAt: UnixTime(rawValue: 0)
            ),
            latency: latency
        )
    }

    private static let usage = TokenCount(input: 10, output: 500)

    @Test("Bradley–Terry strengths and their errors are those of scipy's optimiser")
    func strengths() throws {
        for (number, golden) in try GoldenFile.load([Strengths].self, "strengths").enumerated() {
            let comparisons = try golden.comparisons.map {
                PairwiseComparison(preferred: try Self.address($0[0]), other: try Self.address($0[1]))
            }
            let model = BradleyTerry(comparisons)
            #expect(model.estimates.count == golden.estimates.count)
            for row in golden.estimates {
                let estimate = try #require(model.estimates[try Self.address(Int(row[0]))])
                #expect(abs(estimate.logStrength - row[1]) < 1e-6, "case \(number), server \(row[0])")
                #expect(abs(estimate.standardError - row[2]) < 1e-6, "case \(number), server \(row[0])")
            }
        }
    }

    @Test("Scores are those of statsmodels and scipy, and the order is the scores'")
    func scores() throws {
        for servers in try GoldenFile.load([[Server]].self, "ranking") {
            let facts = try servers.enumerated().map { index, server in
                var facts = try Self.facts(
                    index,
                    cost: server.cost,
                    reputation: Reputation(
                        completed: server.completed,
                        failed: server.failed,
                        flagged: server.flagged,
                        compared: server.compared,
                        preferred: server.preferred
                    ),
                    latency: server.latency.map { .milliseconds(Int64(($0 * 1_000).rounded())) }
                )
                facts.failures = server.failures
                facts.distinctPayers = server.payers
                return facts
            }
            var generator = ExplorationGenerator(seed: 1)
            let ranked = ServerRanking(usage: Self.usage, exploration: 0).rank(facts, using: &generator)
            #expect(ranked.count == servers.count)
            for choice in ranked {
                let index = try #require(facts.firstIndex { $0.offer.server == choice.offer.server })
                #expect(abs(choice.score / servers[index].score - 1) < 1e-6)
                #expect(!choice.description.isEmpty)
            }
            #expect(zip(ranked, ranked.dropFirst()).allSatisfy { $0.score >= $1.score })
        }
    }

    @Test("The same seed gives the same choices, and newcomers get their share and no more")
    func exploration() throws {
        let veteran = try Self.facts(0, reputation: Reputation(completed: 500))
        let newcomers = try (1...3).map { try Self.facts($0) }
        let ranking = ServerRanking(usage: Self.usage, exploration: 0.1)
        func choices(seed: UInt64) -> [Address] {
            var generator = ExplorationGenerator(seed: seed)
            return (0..<5_000).map { _ in ranking.rank([veteran] + newcomers, using: &generator)[0].offer.server }
        }
        let first = choices(seed: 7)
        #expect(first == choices(seed: 7))
        #expect(first != choices(seed: 8))
        // 500 expected; five standard deviations are 106.
        #expect((394...606).contains(first.count { $0 != veteran.offer.server }))
        for newcomer in newcomers {
            // A third of them each; five standard deviations are 63.
            #expect((104...230).contains(first.count { $0 == newcomer.offer.server }))
        }
        var generator = ExplorationGenerator(seed: 1)
        let only = ServerRanking(usage: Self.usage, exploration: 1).rank([newcomers[0]], using: &generator)
        #expect(!only[0].reasons.contains { if case .explored = $0 { true } else { false } })
    }

    @Test("Trials that one wallet made weigh less than those that many made")
    func selfDealing() throws {
        var bought = try Self.facts(0, reputation: Reputation(completed: 1_000))
        bought.distinctPayers = 1
        var earned = try Self.facts(1, reputation: Reputation(completed: 200, failed: 4))
        earned.distinctPayers = 60
        var generator = ExplorationGenerator(seed: 1)
        let ranked = ServerRanking(usage: Self.usage, exploration: 0).rank([bought, earned], using: &generator)
        #expect(ranked[0].offer.server == earned.offer.server)
        #expect("\(ranked[1])".contains("counted as 20 because 1 wallets made them"))
    }
}
