import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("Servers fail in the middle, the answer goes on", .timeLimit(.minutes(1)))
struct FailoverTests {
    private static let budget: Lamports = 1_000_000

    private static func script(pausesAfter: Int? = nil, failsAfter: Int? = nil) -> ScriptedBackend {
        var script = ScriptedBackend.Script()
        script.pieces = (0..<200).map { "w\($0) " }
        script.pausesAfter = pausesAfter
        script.failsAfter = failsAfter
        script.continues = true
        return ScriptedBackend(script)
    }

    private static let whole = (0..<200).map { "w\($0) " }.joined()

    /// Everything that left the buyer's wallet for good, and what the cluster kept of it as fees.
    private static func charged(_ events: EventLog<ClientEvent>) -> Lamports {
        events.events.reduce(.zero) { sum, event in
            guard case .settled(let settlement) = event else { return sum }
            return sum.saturatingAdding(settlement.charge)
        }
    }

    @Test("A server that stalls, and one that breaks off, are replaced by one that goes on with the prefix")
    func replaced() async throws {
        try await TestMarket.with { market in
            let bad = [
                try market.seller(backend: Self.script(pausesAfter: 70), price: .lamports(90_000_000)),
                try market.seller(backend: Self.script(failsAfter: 120), price: .lamports(95_000_000)),
            ]
            let good = try market.seller(backend: Self.script())
            let buyer = try market.wallet()
            let before = market.cluster.balance(of: buyer.address)
            let total = market.cluster.allBalances().total
            try await market.running(bad[0], bad[1], good) {
                let client = try await market.client(buyer) {
                    $0.flow = .automatic
                    $0.exploration = 0
                    $0.tolerance = .whole
                    $0.stallDeadline = .milliseconds(700)
                    $0.abandonDeadline = .seconds(15)
                    $0.maximumServers = 8
                }
                let events = EventLog<ClientEvent>()
                let answer = try await client.withSession(
                    "test/scripted",
                    budget: Self.budget,
                    onEvent: { events.append($0) },
                    { try await $0.ask(market.prompt()) }
                )
                #expect(answer.text == Self.whole)
                let failovers = events.events.compactMap { event in
                    if case .failedOver(let failover) = event { failover } else { nil }
                }
                let streamed = events.events.compactMap { event in
                    if case .token(let text) = event { text } else { nil }
                }
                #expect(streamed.joined() == Self.whole)
                #expect(failovers.map(\.server) == bad.map(\.wallet.address))
                #expect(failovers.map(\.receivedBytes) == failovers.map(\.receivedBytes).sorted())
                let charged = Self.charged(events)
                #expect(charged <= Self.budget)
                let fees = events.events.reduce(UInt64(0)) { sum, event in
                    if case .settled(let settlement) = event { sum + settlement.transactionFees.rawValue } else { sum }
                }
                #expect(events.events.count { if case .settled = $0 { true } else { false } } == failovers.count + 1)
                #expect(try await client.journal.unsettledStakes().isEmpty)
                #expect(
                    market.cluster.balance(of: buyer.address).rawValue == before.rawValue - charged.rawValue - fees
                )
            }
            #expect(market.cluster.allBalances().total == total)
        }
    }

    @Test("Servers that vanish in the middle one after the other never cost more than the budget")
    func vanishing() async throws {
        try await TestMarket.with { market in
            let buyer = try market.wallet()
            let before = market.cluster.balance(of: buyer.address)
            let events = EventLog<ClientEvent>()
            let backends = (0..<3).map { Self.script(pausesAfter: 30 + $0 * 30) }
            let sellers = try backends.enumerated().map { index, backend in
                try market.seller(backend: backend, price: .lamports(90_000_000 + UInt64(index) * 5_000_000))
            }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (seller, backend) in zip(sellers, backends) {
                    group.addTask {
                        try await market.running(seller) {
                            // Killed where its answer pauses, once the client has heard all that was said until then.
                            let pause = backend.script.pausesAfter ?? 0
                            _ = try await events.first("w\(pause - 1)") { event in
                                if case .token(let text) = event, text.contains("w\(pause - 1) ") { true } else { nil }
                            }
                        }
                    }
                }
                for seller in sellers { try await seller.registered() }
                let client = try await market.client(buyer) {
                    $0.flow = .only(.direct)
                    $0.exploration = 0
                    $0.abandonDeadline = .milliseconds(200)
                    // Whoever was killed may be found listening, and answers nothing.
                    $0.connectDeadline = .seconds(1)
                }
                let error = await #expect(throws: ClientError.self) {
                    try await client.withSession(
                        "test/scripted",
                        budget: Self.budget,
                        onEvent: { events.append($0) },
                        { try await $0.ask(market.prompt()) }
                    )
                }
                guard case .interrupted = error?.reason, case .atMost = error?.cost else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                try await group.waitForAll()
            }
            // All of them come back and claim whatever they can.
            for seller in sellers {
                let again = try seller.again(market)
                try await market.running(again) { _ = try await again.claimed() }
            }
            let client = try await market.client(buyer)
            let report = try await client.sweep()
            #expect(report.closed.count == 3 && report.failed.isEmpty)
            let after = market.cluster.balance(of: buyer.address)
            let transactions: UInt64 = 3 * 3  // request, begin_close, close, each for three servers
            #expect(after.rawValue >= before.rawValue - Self.budget.rawValue - transactions * 5_000)
            #expect(after.rawValue < before.rawValue)
        }
    }

    @Test("A second server is asked besides when the first is silent; the faster one answers, both within one budget")
    func hedged() async throws {
        try await TestMarket.with { market in
            let slow = try market.seller(backend: Self.script(pausesAfter: 0), price: .lamports(90_000_000))
            let fast = try market.seller(backend: Self.script())
            let buyer = try market.wallet()
            try await market.running(slow, fast) {
                let client = try await market.client(buyer) {
                    $0.flow = .only(.direct)
                    $0.exploration = 0
                    $0.hedgeDelay = .milliseconds(300)
                }
                let events = EventLog<ClientEvent>()
                let answer = try await client.withSession(
                    "test/scripted",
                    budget: Self.budget,
                    onEvent: { events.append($0) },
                    { session in
                        let answer = try await session.ask(market.prompt())
                        #expect(session.lock.server == fast.wallet.address)
                        return answer
                    }
                )
                #expect(answer.text == Self.whole)
                #expect(!events.events.contains { if case .failedOver = $0 { true } else { false } })
                // That it was slower is no failure, and nothing of its answer was promised for.
                #expect(client.shared.latencies.record(of: slow.wallet.address).failures == 0)
                #expect(Self.charged(events) <= Self.budget)
            }
        }
    }

    @Test("A prompt that no server would take is not carried from one to the next")
    func ownFault() async throws {
        try await TestMarket.with { market in
            let sellers = [
                try market.seller { $0.maximumPromptBytes = 1_000 },
                try market.seller { $0.maximumPromptBytes = 1_000 },
            ]
            let buyer = try market.wallet()
            try await market.running(sellers[0], sellers[1]) {
                let client = try await market.client(buyer) {
                    $0.flow = .only(.direct)
                    $0.abandonDeadline = .milliseconds(100)
                }
                let events = EventLog<ClientEvent>()
                await #expect(throws: ClientError.self) {
                    try await client.withSession(
                        "test/scripted",
                        budget: Self.budget,
                        onEvent: { events.append($0) },
                        { try await $0.ask(market.prompt(String(repeating: "long ", count: 1_000))) }
                    )
                }
                #expect(events.events.count { if case .published = $0 { true } else { false } } == 1)
            }
        }
    }
}
