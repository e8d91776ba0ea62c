import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("The client goes straight to a server", .timeLimit(.minutes(3)))
struct ClientFlowTests {
    @Test("Twenty prompts under one lock: the chain may be gone after the first, and the whole is one claim")
    func conversation() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let buyer = try market.wallet()
            try await market.running(seller) {
                let sellerBefore = market.cluster.balance(of: seller.wallet.address)
                let buyerBefore = market.cluster.balance(of: buyer.address)
                let client = try await market.client(buyer) { $0.flow = .automatic }
                let waits = EventLog<(first: Bool, wait: Duration)>()
                let asked = EventLog<ContinuousClock.Instant>()
                let (request, usage) = try await client.withSession(
                    "test/scripted",
                    budget: 10_000_000,
                    onEvent: { event in
                        guard case .accepted = event, let since = asked.events.last else { return }
                        waits.append((asked.events.count == 1, since.duration(to: .now)))
                    },
                    { session in
                        for number in 0..<20 {
                            // From the second prompt on no node answers anybody: what is asked then is asked off the chain.
                            if number == 1 { market.cluster.faults.inject(Fault(.httpStatus(503))) }
                            asked.append(.now)
                            try await session.ask(market.prompt())
                        }
                        market.cluster.faults.clear()
                        return (session.request, session.usage)
                    }
                )
                #expect(usage.output == 800)
                let terms = Terms(outputPrice: TestMarket.price, inputPrice: TestMarket.price, minimumCharge: 20_000)
                let due = terms.charge(for: TokenCount(input: usage.input, output: 832))
                #expect(try await seller.claimed() == due)
                #expect(seller.claims == 1)
                // Request and claim; the third is the client's close, which brings the rent home.
                let transactions = try await market.chain.rpc.getSignaturesForAddress(request)
                #expect(transactions.count == 3)
                #expect(
                    market.cluster.balance(of: seller.wallet.address).rawValue
                        == sellerBefore.rawValue + due.rawValue - 10_000
                )
                #expect(
                    market.cluster.balance(of: buyer.address).rawValue == buyerBefore.rawValue - due.rawValue - 10_000
                )
                let follow = waits.events.filter { !$0.first }.map(\.wait).sorted()
                #expect(follow.count == 19)
                print(
                    "follow-up prompts are accepted after \(follow[follow.count / 2]) in the median, \(follow[18]) at most"
                )
            }
        }
    }

    @Test("A server that can't be reached costs nothing, and the next one is asked")
    func unreachable() async throws {
        try await TestMarket.with { market in
            let gone = try market.seller(price: .lamports(90_000_000))
            let there = try market.seller()
            let buyer = try market.wallet()
            try await market.running(gone) {}
            let client = try await market.client(buyer) {
                $0.flow = .automatic
                $0.exploration = 0
            }
            // Alone it is the end of the matter, before anything is spent.
            let before = market.cluster.balance(of: buyer.address)
            let error = await #expect(throws: ClientError.self) {
                try await client.withSession("test/scripted", budget: 1_000_000) { try await $0.ask(market.prompt()) }
            }
            guard case .unreachable(gone.wallet.address, _, _) = error?.reason, error?.cost == .nothing else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(market.cluster.balance(of: buyer.address) == before)
            try await market.running(there) {
                let events = EventLog<ClientEvent>()
                try await client.withSession(
                    "test/scripted",
                    budget: 1_000_000,
                    onEvent: { events.append($0) },
                    { session in
                        #expect(session.lock.server == there.wallet.address)
                        try await session.ask(market.prompt())
                    }
                )
                let chosen = events.events.compactMap { event in
                    if case .chosen(let choice) = event { choice.offer.server } else { nil }
                }
                #expect(chosen.last == there.wallet.address)
                #expect(events.events.count { if case .published = $0 { true } else { false } } == 1)
            }
        }
    }

    @Test("What the quote says that a wallet must hold is enough, and a lamport less is said before anything is sent")
    func needed() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            try await market.running(seller) {
                let quote = try await market.client(Keypair()).quote("test/scripted", budget: 1_000_000)
                #expect(quote.reserve == (try await market.chain.rpc.getMinimumBalanceForRentExemption(dataLength: 0)))
                let just = try market.wallet(quote.needed)
                let answer = try await market.client(just).withSession("test/scripted", budget: 1_000_000) {
                    try await $0.ask(market.prompt())
                }
                #expect(answer.usage.output == 40)
                let short = try market.wallet(quote.needed.saturatingSubtracting(1))
                let error = await #expect(throws: ClientError.self) {
                    try await market.client(short).withSession("test/scripted", budget: 1_000_000) {
                        try await $0.ask(market.prompt())
                    }
                }
                guard case .insufficientFunds(_, _, quote.needed) = error?.reason, error?.cost == .nothing else {
                    Issue.record("\(String(describing: error))")
                    return
                }
            }
        }
    }

    @Test("A full server refuses before the money goes out")
    func refusedBeforePaying() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 5
            let seller = try market.seller(backend: ScriptedBackend(script)) { $0.concurrency = 1 }
            let raw = RawClient(market: market, wallet: try market.wallet())
            let buyer = try market.wallet()
            try await market.running(seller) {
                let lock = try await raw.lock()
                try await raw.withSession(lock, server: seller.wallet.address) { session in
                    // The one place is taken from here on.
                    _ = try await seller.events.first("connection") { if case .connected = $0 { true } else { nil } }
                    let client = try await market.client(buyer) { $0.flow = .only(.direct) }
                    let before = market.cluster.balance(of: buyer.address)
                    let error = await #expect(throws: ClientError.self) {
                        try await client.withSession("test/scripted", budget: 1_000_000) {
                            try await $0.ask(market.prompt())
                        }
                    }
                    #expect(error?.cost == .nothing, "\(String(describing: error))")
                    #expect(market.cluster.balance(of: buyer.address) == before)
                    #expect(try await client.journal.unsettledStakes().isEmpty)
                    seller.backend.resume()
                    #expect(try await raw.converse(over: session, lock) == 40)
                }
            }
        }
    }
}
