import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import SodiumCrypto
import Testing

@testable import ChainferenceKit

@Suite("Direct requests, the provider's side", .timeLimit(.minutes(3)))
struct DirectFlowTests {
    @Test("A client that connects first and pays then is answered without a lock transaction")
    func connectsFirst() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let before = market.cluster.balance(of: seller.wallet.address)
                try await raw.withSession(to: seller.peerAddress(market), server: seller.wallet.address) { session in
                    let lock = try await raw.lockDirectly(seller.wallet.address)
                    let tokens = try await raw.converse(over: session, lock)
                    #expect(tokens == 40)
                }
                let charge = try await seller.claimed()
                #expect(charge >= 20_000)
                // The claim has two signatures, the voucher's among them; nothing else was sent.
                #expect(
                    market.cluster.balance(of: seller.wallet.address).rawValue
                        == before.rawValue + charge.rawValue - 10_000
                )
                let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                #expect(account.reputation == Reputation(completed: 1) && account.openLocks == 0)
                #expect(try await seller.store.claims().map(\.charge) == [charge])
            }
        }
    }

    @Test("A request that was there before its client came is found by asking")
    func publishedFirst() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lockDirectly(seller.wallet.address)
                try await raw.withSession(to: seller.peerAddress(market), server: seller.wallet.address) { session in
                    let tokens = try await raw.converse(over: session, lock)
                    #expect(tokens == 40)
                }
                _ = try await seller.claimed()
            }
        }
    }

    @Test("Named by a client that never comes, it does nothing, pays nothing, and keeps its slots and its record")
    func nobodyComes() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller { $0.concurrency = 1 }
            try await market.running(seller) {
                let before = market.cluster.balance(of: seller.wallet.address)
                for _ in 0..<3 {
                    let absent = RawClient(market: market, wallet: try market.wallet())
                    _ = try await absent.lockDirectly(seller.wallet.address)
                }
                // An open request is locked and answered meanwhile.
                let raw = RawClient(market: market, wallet: try market.wallet())
                let lock = try await raw.lock()
                try await raw.withSession(lock, server: seller.wallet.address) { session in
                    let tokens = try await raw.converse(over: session, lock)
                    #expect(tokens == 40)
                }
                let charge = try await seller.claimed()
                #expect(
                    market.cluster.balance(of: seller.wallet.address).rawValue
                        == before.rawValue + charge.rawValue - 15_000
                )
                let account = try #require(try await market.chain.server(of: seller.wallet.address)?.account)
                #expect(account.reputation == Reputation(completed: 1))
                #expect(try await seller.store.unsettledLocks().isEmpty)
            }
        }
    }

    @Test(
        "Connected, paid, and gone without a prompt: with no credit nothing is sent, with credit the minimum is claimed"
    )
    func leavesWithoutPrompt() async throws {
        for (credit, charge) in [(Lamports(0), nil), (30_000, Lamports(20_000))] {
            try await TestMarket.with { market in
                let seller = try market.seller { $0.idleLimit = .seconds(1) }
                var raw = RawClient(market: market, wallet: try market.wallet())
                raw.credit = credit
                try await market.running(seller) { [raw] in
                    let before = market.cluster.balance(of: seller.wallet.address)
                    try await raw.withSession(to: seller.peerAddress(market), server: seller.wallet.address) { _ in
                        _ = try await raw.lockDirectly(seller.wallet.address)
                        _ = try await seller.events.first("connection") {
                            if case .connected = $0 { true } else { nil }
                        }
                    }
                    if let charge {
                        #expect(try await seller.claimed() == charge)
                    } else {
                        _ = try await seller.events.first("end") { if case .abandoned = $0 { true } else { nil } }
                        #expect(market.cluster.balance(of: seller.wallet.address) == before)
                        #expect(try await seller.store.unsettledLocks().isEmpty)
                    }
                }
            }
        }
    }

    @Test("What never appears on the chain, is another's, or comes with another key, is refused")
    func refusals() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller {
                $0.directRequestWait = .milliseconds(300)
                $0.profitFloor = 20_000
            }
            let other = try market.seller()
            try await market.running(seller, other) {
                func refusal(
                    of raw: RawClient,
                    identity: X25519.PrivateKey? = nil,
                    naming server: Address?
                ) async throws -> PeerErrorCode? {
                    let address = try await seller.peerAddress(market)
                    let error = await #expect(throws: PeerError.self) {
                        try await raw.withSession(to: address, server: seller.wallet.address, identity: identity) {
                            if let server { _ = try await raw.lockDirectly(server) }
                            let answer = try await $0.prompt(market.prompt().body)
                            for try await _ in answer.events {}
                        }
                    }
                    guard case .server(let message) = error else { return nil }
                    return message.code
                }
                func client() throws -> RawClient { RawClient(market: market, wallet: try market.wallet()) }
                let me = seller.wallet.address
                let unpublished = try await refusal(of: client(), naming: nil)
                #expect(unpublished == .requestUnknown)
                let anothers = try await refusal(of: client(), naming: other.wallet.address)
                #expect(anothers == .requestNotLockedHere)
                let stranger = try await refusal(of: client(), identity: X25519.PrivateKey(), naming: me)
                #expect(stranger == .clientKeyMismatch)
                var poor = try client()
                poor.stake = 20_000
                let tooPoor = try await refusal(of: poor, naming: me)
                #expect(tooPoor == .stakeTooSmall)
                #expect(seller.backend.pieces == 0)
                #expect(try await seller.store.unsettledLocks().isEmpty)
            }
        }
    }

    @Test("A full provider says so before the client pays")
    func full() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 5
            let seller = try market.seller(backend: ScriptedBackend(script)) { $0.concurrency = 1 }
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lock()
                try await raw.withSession(lock, server: seller.wallet.address) { session in
                    let late = RawClient(market: market, wallet: try market.wallet())
                    let error = await #expect(throws: PeerError.self) {
                        try await late.withSession(to: lock.peerAddress, server: seller.wallet.address) {
                            let answer = try await $0.prompt(market.prompt().body)
                            for try await _ in answer.events {}
                        }
                    }
                    guard case .server(let message) = error else {
                        Issue.record("\(String(describing: error))")
                        return
                    }
                    #expect(message.code == .busy && message.retryAfter != nil)
                    seller.backend.resume()
                    let tokens = try await raw.converse(over: session, lock)
                    #expect(tokens == 40)
                }
            }
        }
    }

    @Test("Killed in the middle of a direct session and started again, it claims what it has a voucher for")
    func killed() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 20
            let store = try ProviderStore()
            let first = try market.seller(backend: ScriptedBackend(script), store: store)
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(first) {
                try await raw.withSession(to: first.peerAddress(market), server: first.wallet.address) { session in
                    let lock = try await raw.lockDirectly(first.wallet.address)
                    let answer = try await session.prompt(market.prompt().body)
                    for try await event in answer.events {
                        if case .accepted = event { try session.send(voucher: raw.voucher(44_444, lock)) }
                        if case .data = event { break }
                    }
                }
            }
            #expect(first.claims == 0)
            let next = try market.seller(wallet: first.wallet, store: store)
            try await market.running(next) {
                let charge = try await next.claimed()
                #expect(charge == 44_444)
            }
        }
    }
}

extension TestMarket.Seller<ScriptedBackend> {
    /// Where clients are sent to, as the chain says.
    func peerAddress(_ market: TestMarket) async throws -> String {
        try await market.chain.server(of: wallet.address)?.account.peerAddress ?? ""
    }
}

extension RawClient {
    /// Asks once, vouches for everything, and says how many tokens came.
    func converse(
        over session: PeerSession,
        _ lock: RequestAccount.Lock,
        prompt: GenerationRequest? = nil,
        onVoucher: (Lamports) -> Void = { _ in }
    ) async throws -> UInt32 {
        let answer = try await session.prompt(prompt?.body ?? market.prompt().body)
        var meter = ClientMeter(terms: lock.terms, stake: stake)
        for try await event in answer.events {
            switch event {
            case .accepted(let parameters):
                try meter.accept(inputTokens: UInt64(parameters.inputTokens), promptBytes: 1_000)
            case .data(let data):
                try meter.receive(outputTokens: UInt64(data.tokens), bytes: UInt64(data.bytes.count))
            case .finished(let finish): return finish.outputTokens
            }
            if let amount = meter.nextVoucher() {
                onVoucher(amount)
                try session.send(voucher: voucher(amount, lock))
            }
        }
        return 0
    }
}
