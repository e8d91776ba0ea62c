import ChainferenceKit
import ChainferenceTesting
import SodiumCrypto
import Testing

@testable import ChainferenceKit

@Suite("Cheats lose at most the window, on either side", .timeLimit(.minutes(3)))
struct CheatTests {
    @Test("A client that never vouches gets nothing from the backend")
    func neverVouches() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lock()
                await #expect(throws: PeerError.self) {
                    try await raw.withSession(lock, server: seller.wallet.address) { session in
                        let answer = try await session.prompt(market.prompt().body)
                        for try await event in answer.events {
                            if case .data = event { Issue.record("data without a voucher") }
                        }
                    }
                }
                #expect(seller.backend.pieces == 0)
            }
        }
    }

    @Test("A client that stops vouching gets the window and not a token more, and pays for what it vouched")
    func stopsVouching() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pieces = (0..<500).map { "w\($0) " }
            let seller = try market.seller(backend: ScriptedBackend(script)) { $0.voucherWindow = 32 }
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lock()
                try await raw.withSession(lock, server: seller.wallet.address) { session in
                    let answer = try await session.prompt(market.prompt().body)
                    var tokens = 0
                    for try await event in answer.events {
                        switch event {
                        case .accepted(let parameters):
                            let due = lock.terms.charge(
                                for: TokenCount(input: UInt64(parameters.inputTokens), output: 256)
                            )
                            try session.send(voucher: raw.voucher(due, lock))
                        case .data(let data): tokens = Int(data.totalTokens)
                        case .finished(let finish):
                            #expect(finish.reason == .limit)
                            #expect(Int(finish.outputTokens) == tokens)
                        }
                    }
                    // 256 are vouched for, 32 are the window.
                    #expect(tokens == 256 + 32)
                }
                let charge = try await seller.claimed()
                #expect(charge == (try await seller.store.claims().first?.charge))
                #expect(charge.rawValue > 20_000 && charge < raw.stake)
            }
        }
    }

    @Test("Forged, foreign and excessive vouchers end the session and are never written down")
    func badVouchers() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            for kind in 0..<3 {
                let raw = RawClient(market: market, wallet: try market.wallet())
                try await market.running(seller.again(market)) {
                    let lock = try await raw.lock()
                    await #expect(throws: PeerError.self) {
                        try await raw.withSession(lock, server: seller.wallet.address) { session in
                            let answer = try await session.prompt(market.prompt().body)
                            for try await event in answer.events {
                                guard case .accepted = event else { continue }
                                switch kind {
                                case 0: try session.send(voucher: raw.voucher(100_000, lock, key: Keypair()))
                                case 1: try session.send(voucher: raw.voucher(1_000_001, lock))
                                default:
                                    var voucher = raw.voucher(100_000, lock)
                                    voucher.expiresAt += 1
                                    try session.send(voucher: voucher)
                                }
                            }
                        }
                    }
                    let found = try #require(try await market.chain.request(at: raw.request))
                    let id = LockID(request: raw.request, createdSlot: found.account.createdSlot)
                    #expect(try await seller.store.newestVoucher(for: id) == nil)
                }
            }
            #expect(seller.backend.pieces == 0)
        }
    }

    @Test("A stranger's key, and a request that is not locked here, are refused before anything is served")
    func strangers() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller { $0.directRequestWait = .milliseconds(200) }
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lock()
                for (identity, request) in [
                    (X25519.PrivateKey(), raw.request), (raw.channelKey, Keypair().address),
                    (raw.channelKey, Market.localnet.address),
                ] {
                    await #expect(throws: PeerError.self) {
                        try await raw.withSession(
                            lock,
                            server: seller.wallet.address,
                            identity: identity,
                            request: request
                        ) { session in
                            let answer = try await session.prompt(market.prompt().body)
                            for try await _ in answer.events {}
                        }
                    }
                }
                let refusals = seller.events.events.compactMap { event in
                    if case .refused(_, let reason) = event { reason } else { nil }
                }
                #expect(refusals.contains("the key is not the one in the request"))
                #expect(refusals.contains("the request is not known"))
            }
        }
    }

    @Test("A server that counts more tokens than the bytes can hold is refused, and never paid for the difference")
    func overReporting() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pieces = (0..<200).map { _ in "a" }
            script.tokensPerPiece = 50
            // The provider's own meter would not let it: a cheat's does.
            var usage = ClientMeter(terms: Terms(outputPrice: TestMarket.price), stake: 1_000_000)
            #expect(throws: ClientMeter.Fault.self) { try usage.receive(outputTokens: 50, bytes: 1) }
            let seller = try market.seller(backend: ScriptedBackend(script))
            let buyer = try market.wallet()
            try await market.running(seller) {
                let client = try await market.client(buyer)
                let answer = try await client.withSession("test/scripted", budget: 10_000_000) {
                    try await $0.ask(market.prompt())
                }
                // The engine says 50 tokens a byte; what counts is bytes ÷ 1.5 + 32.
                #expect(answer.usage.output <= ClientMeter.plausibleTokens(bytes: UInt64(answer.text.utf8.count)))
            }
        }
    }
}

extension TestMarket.Seller<ScriptedBackend> {
    /// The same provider with a fresh event log, to be run again.
    func again(_ market: TestMarket) throws -> TestMarket.Seller<ScriptedBackend> {
        try market.seller(wallet: wallet, backend: backend, store: store)
    }
}
