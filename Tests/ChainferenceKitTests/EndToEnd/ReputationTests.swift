import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("A plain session goes by what the chain remembers", .timeLimit(.minutes(1)))
struct ReputationTests {
    /// How many wallets a choice says have paid its server; nil where only the counters are known.
    private static func payers(_ choice: ServerChoice) -> Int? {
        for case .success(_, _, _, let payers, _) in choice.reasons { return payers }
        return nil
    }

    @Test("Payers are read while sessions run, kept in the journal, and are among the reasons of the next choice")
    func learned() async throws {
        try await TestMarket.with { market in
            let sellers = [try market.seller(), try market.seller(price: .lamports(110_000_000))]
            let journal = try ClientJournal()
            try await market.running(sellers[0], sellers[1]) {
                func client(_ change: (inout ReputationReading) -> Void) async throws -> InferenceClient {
                    var policy = ClientPolicy.localnet
                    policy.exploration = 0
                    var reading = ReputationReading()
                    change(&reading)
                    policy.reputation = reading
                    return try await InferenceClient(
                        wallet: .keypair(market.wallet()),
                        cluster: market.endpoint,
                        policy: policy,
                        journal: journal
                    )
                }
                // The first knows nothing and does not wait, but reads on while it asks.
                let first = try await client { $0.patience = .zero }
                let events = EventLog<ClientEvent>()
                try await first.withSession("test/scripted", budget: 1_000_000, onEvent: { events.append($0) }) {
                    session in
                    var readings: [Address: ServerReading] = [:]
                    for _ in 0..<20 where readings.count < 2 {
                        try await session.ask(market.prompt())
                        readings = try await journal.serverReadings(on: first.chain.name)
                    }
                    #expect(Set(readings.keys) == Set(sellers.map(\.address)))
                }
                let chosen = try await events.first("choice") {
                    if case .chosen(let choice) = $0 { choice } else { nil }
                }
                #expect(Self.payers(chosen) == nil)
                #expect(chosen.offer.account == sellers[0].address)

                // Now there is something to find. A reading that is due is made in the course of the next session.
                let second = try await client { $0.maximumAge = .zero }
                try await second.withSession("test/scripted", budget: 1_000_000) { session in
                    var known: Int?
                    for _ in 0..<20 where known == nil {
                        try await session.ask(market.prompt())
                        known = try await journal.serverHistory(on: first.chain.name)
                            .distinctPayers(of: sellers[0].address, trials: 1)
                    }
                    #expect(known == 1)
                }

                // A node that refuses to look back is not missed: the journal knows, and a session says so by itself.
                market.cluster.faults.inject(
                    Fault(.httpStatus(503), methods: ["getSignaturesForAddress"])
                )
                let third = try await client { $0.maximumAge = .zero }
                let later = EventLog<ClientEvent>()
                try await third.withSession("test/scripted", budget: 1_000_000, onEvent: { later.append($0) }) {
                    try await $0.ask(market.prompt())
                }
                let again = try await later.first("choice") { if case .chosen(let choice) = $0 { choice } else { nil } }
                #expect(again.offer.account == sellers[0].address && Self.payers(again) != nil)
                #expect("\(again)".contains("sessions went well"))
            }
        }
    }

    @Test("A client that knows nothing looks before its first choice, asks no more than it may, and can be told not to")
    func bounded() async throws {
        try await TestMarket.with { market in
            let sellers = [try market.seller(), try market.seller(), try market.seller()]
            try await market.running(sellers[0], sellers[1], sellers[2]) {
                func known(_ reading: ReputationReading?) async throws -> Int {
                    var policy = ClientPolicy.localnet
                    policy.reputation = reading
                    let client = try await InferenceClient(
                        wallet: .keypair(Keypair()),
                        cluster: market.endpoint,
                        policy: policy
                    )
                    _ = try await client.choices(for: "test/scripted")
                    return try await client.journal.serverReadings(on: client.chain.name).count
                }
                var reading = ReputationReading()
                reading.patience = .seconds(30)
                let whole = try await known(reading)
                #expect(whole == 3)
                // One call for a list, the rest for what is in it: it does not reach the third.
                reading.callsPerSession = 3
                let cut = try await known(reading)
                #expect(cut < 3)
                let none = try await known(nil)
                #expect(none == 0)
                // A node that never answers is waited for no longer than that.
                reading.patience = .milliseconds(50)
                market.cluster.faults.inject(Fault(.stall, methods: ["getSignaturesForAddress"]))
                let began = ContinuousClock.now
                let stalled = try await known(reading)
                #expect(stalled == 0)
                #expect(began.duration(to: .now) < .seconds(5))
            }
        }
    }
}
