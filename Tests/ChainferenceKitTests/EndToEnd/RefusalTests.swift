import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("Refused after paying", .timeLimit(.minutes(1)))
struct RefusalTests {
    private static func ask(_ client: InferenceClient, _ events: EventLog<ClientEvent>) async throws -> Answer {
        try await client.withSession(
            "test/scripted",
            budget: 1_000_000,
            onEvent: { events.append($0) },
            { try await $0.ask(GenerationRequest(model: "test/scripted", messages: [.user("Say something.")])) }
        )
    }

    @Test("Five clients pay for one place in the same moment: who does not get it has the stake back at once and whole")
    func raced() async throws {
        // Slow enough for all to connect before the chain has confirmed the first.
        try await TestMarket.with(.testing(slot: .milliseconds(300))) { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 5
            let seller = try market.seller(backend: ScriptedBackend(script)) { $0.concurrency = 1 }
            try await market.running(seller) {
                let before = market.cluster.balance(of: seller.wallet.address)
                let buyers = try (0..<5).map { _ in (wallet: try market.wallet(), events: EventLog<ClientEvent>()) }
                let refused = EventLog<Int>()
                let (refusals, refusal) = AsyncStream<Void>.makeStream()
                let answers = try await withThrowingTaskGroup(of: Bool.self) { group in
                    for (number, buyer) in buyers.enumerated() {
                        group.addTask {
                            let client = try await market.client(buyer.wallet) { $0.flow = .only(.direct) }
                            do {
                                _ = try await Self.ask(client, buyer.events)
                                return true
                            } catch let error as ClientError {
                                #expect(error.reason.isRefusal, "\(error)")
                                let isPaid = buyer.events.events.contains {
                                    if case .published = $0 { true } else { false }
                                }
                                #expect(error.cost == (isPaid ? .feesOnly(5_000) : .nothing))
                                #expect(try await client.journal.unsettledStakes().isEmpty)
                                refused.append(number)
                                refusal.yield()
                                return false
                            }
                        }
                    }
                    // Who has the place keeps it until all the others were told.
                    var count = 0
                    for await _ in refusals {
                        count += 1
                        if count == 4 { break }
                    }
                    seller.backend.resume()
                    return try await group.reduce(0) { $0 + ($1 ? 1 : 0) }
                }
                #expect(answers == 1)
                var late = 0
                for number in refused.events {
                    let (wallet, events) = buyers[number]
                    let settled = events.events.compactMap {
                        if case .settled(let books) = $0 { books.state } else { nil }
                    }
                    late += settled.count
                    #expect(settled.allSatisfy { $0 == .refunded })
                    #expect(try await market.chain.requests(.requests(of: wallet.address)).isEmpty)
                    // The publication is all that it cost; the lock was not ended by the client.
                    #expect(
                        market.cluster.balance(of: wallet.address).rawValue == 1_000_000_000 - UInt64(settled.count)
                            * 5_000
                    )
                }
                #expect(late >= 1, "nobody was refused after paying")
                let charge = try await seller.claimed()
                let spent =
                    before.rawValue + charge.rawValue - market.cluster.balance(of: seller.wallet.address).rawValue
                #expect(spent <= 10_000 + UInt64(late) * 5_000)
                let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                #expect(account.reputation == Reputation(completed: 1))
                #expect(try await seller.store.unsettledLocks().isEmpty)
            }
        }
    }

    @Test("A transaction that takes longer than the server waits is no reason to give up: the client comes again")
    func late() async throws {
        try await TestMarket.with(.testing(slot: .milliseconds(400))) { market in
            let seller = try market.seller { $0.directRequestWait = .milliseconds(1_100) }
            let buyer = try market.wallet()
            try await market.running(seller) {
                let events = EventLog<ClientEvent>()
                // The node keeps the transaction for longer than the server has patience.
                market.cluster.faults.inject(
                    Fault(.delay(.milliseconds(1_500)), methods: ["sendTransaction"], limit: 1)
                )
                let client = try await market.client(buyer) { $0.flow = .only(.direct) }
                let answer = try await Self.ask(client, events)
                #expect(answer.usage.output == 40)
                func count(_ isMeant: (ClientEvent) -> Bool) -> Int { events.events.count(where: isMeant) }
                #expect(count { if case .connected = $0 { true } else { false } } == 2)
                #expect(count { if case .published = $0 { true } else { false } } == 1)
                #expect(count { if case .settled(let books) = $0 { books.state == .complete } else { false } } == 1)
            }
        }
    }
}
