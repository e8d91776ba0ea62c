import ChainferenceKit
import ChainferenceTesting
import Foundation
import LocalCluster
import Logging
import PeerChannel
import ServiceLifecycle
import Testing

@testable import ChainferenceKit

@Suite("A provider's life", .timeLimit(.minutes(3)))
struct ProviderLifeTests {
    private func withStorePath(_ body: @Sendable (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("life-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try await body(folder.appendingPathComponent("provider.sqlite").path)
    }

    @Test("Killed in the middle of an answer and started again, it claims what it has a voucher for, once")
    func killedAndRestarted() async throws {
        try await withStorePath { path in
            try await TestMarket.with { market in
                var script = ScriptedBackend.Script()
                script.pausesAfter = 20
                let raw = RawClient(market: market, wallet: try market.wallet())
                let wallet = try market.wallet()
                let promised: Lamports = 77_777
                let first = try market.seller(
                    wallet: wallet,
                    backend: ScriptedBackend(script),
                    store: try ProviderStore(path: path)
                )
                try await market.running(first) {
                    let lock = try await raw.lock()
                    try await raw.withSession(lock, server: wallet.address) { session in
                        let answer = try await session.prompt(market.prompt().body)
                        for try await event in answer.events {
                            if case .accepted = event { try session.send(voucher: raw.voucher(promised, lock)) }
                            if case .data(let data) = event, data.totalTokens >= 20 { break }
                        }
                        _ = try await first.events.first("voucher") {
                            if case .vouched(_, promised) = $0 { true } else { nil }
                        }
                    }
                }
                // Nothing was claimed: the provider is gone without a farewell.
                #expect(first.claims == 0)
                try first.store.close()
                let before = market.cluster.balance(of: wallet.address)
                let claimed = EventLog<Lamports>()
                for round in 0..<2 {
                    let next = try market.seller(wallet: wallet, store: try ProviderStore(path: path))
                    try await market.running(next) {
                        if round == 0 {
                            claimed.append(try await next.claimed())
                        } else {
                            _ = try await next.events.first("registration") {
                                if case .registered = $0 { true } else { nil }
                            }
                            #expect(next.claims == 0)
                        }
                    }
                    try next.store.close()
                }
                #expect(claimed.events == [promised])
                let fees: UInt64 = 10_000 + 2 * 5_000
                #expect(
                    market.cluster.balance(of: wallet.address).rawValue == before.rawValue + promised.rawValue - fees
                )
                let found = try #require(try await market.chain.request(at: raw.request))
                guard case .claimed(_, promised, _) = found.account.state else {
                    Issue.record("\(found.account.state)")
                    return
                }
            }
        }
    }

    @Test("Killed before any voucher and started again, it gives the request back")
    func killedWithoutVoucher() async throws {
        try await withStorePath { path in
            try await TestMarket.with { market in
                let raw = RawClient(market: market, wallet: try market.wallet())
                let wallet = try market.wallet()
                let first = try market.seller(wallet: wallet, store: try ProviderStore(path: path))
                try await market.running(first) { _ = try await raw.lock() }
                try first.store.close()
                let next = try market.seller(wallet: wallet, store: try ProviderStore(path: path))
                try await market.running(next) {
                    _ = try await next.events.first("release") { if case .released = $0 { true } else { nil } }
                    let account = try await market.chain.server(of: wallet.address)?.account
                    #expect(account?.reputation.failed == 0 && account?.openLocks == 0)
                }
                try next.store.close()
            }
        }
    }

    @Test("A graceful shutdown finishes the answer, claims it, and takes nothing new")
    func drains() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 10
            let seller = try market.seller(backend: ScriptedBackend(script))
            let buyer = try market.wallet()
            let group = ServiceGroup(
                configuration: .init(services: [.init(service: seller.provider)], logger: .init(label: "test"))
            )
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await group.run() }
                try await seller.registered()
                let client = try await market.client(buyer)
                let events = EventLog<ClientEvent>()
                tasks.addTask { () async throws -> Void in
                    _ = try await client.withSession(
                        "test/scripted",
                        budget: 1_000_000,
                        onEvent: { events.append($0) },
                        { try await $0.ask(market.prompt()) }
                    )
                }
                _ = try await events.first("token") { if case .token = $0 { true } else { nil } }
                await group.triggerGracefulShutdown()
                _ = try await seller.events.first("draining") { if case .draining = $0 { true } else { nil } }
                seller.backend.resume()
                try await tasks.waitForAll()
                let answer = try await events.first("answer") {
                    if case .finished(let answer) = $0 { answer } else { nil }
                }
                #expect(answer.usage.output == 40)
                let terms = Terms(outputPrice: TestMarket.price, inputPrice: TestMarket.price, minimumCharge: 20_000)
                let due = terms.charge(for: TokenCount(input: answer.usage.input, output: 64))
                #expect(try await seller.claimed() == due)
                #expect(seller.claims == 1)
                #expect(try await market.chain.server(of: seller.wallet.address)?.account.openLocks == 0)
            }
        }
    }

    @Test("A client that begins to close ends the answer, and what was vouched is claimed at once")
    func beginClose() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.pausesAfter = 10
            let seller = try market.seller(backend: ScriptedBackend(script))
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lock()
                try? await raw.withSession(lock, server: seller.wallet.address) { session in
                    let answer = try await session.prompt(market.prompt().body)
                    for try await event in answer.events {
                        if case .accepted = event { try session.send(voucher: raw.voucher(50_000, lock)) }
                        if case .data = event { break }
                    }
                    try await raw.beginClose()
                    #expect(try await seller.claimed() == 50_000)
                    seller.backend.resume()
                }
            }
        }
    }

    @Test("A backend that fails before the first token costs the client nothing but its fees")
    func backendFails() async throws {
        try await TestMarket.with { market in
            var script = ScriptedBackend.Script()
            script.failsAfter = 0
            let seller = try market.seller(backend: ScriptedBackend(script))
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let lock = try await raw.lock()
                await #expect(throws: PeerError.self) {
                    try await raw.withSession(lock, server: seller.wallet.address) { session in
                        let answer = try await session.prompt(market.prompt().body)
                        for try await event in answer.events {
                            if case .accepted = event { try session.send(voucher: raw.voucher(20_000, lock)) }
                        }
                    }
                }
                // The voucher for minimum and input was given in advance, and is not taken.
                _ = try await seller.events.first("release") { if case .released = $0 { true } else { nil } }
                let found = try #require(try await market.chain.request(at: raw.request))
                #expect(found.account.state == .open)
                #expect(seller.claims == 0)
            }
        }
    }

    @Test("Registering again changes what has changed, and nothing else")
    func registersAgain() async throws {
        try await TestMarket.with { market in
            let first = try market.seller()
            try await market.running(first) {}
            let before = try #require(try await market.chain.server(of: first.wallet.address)?.account)
            let second = try market.seller(wallet: first.wallet, price: .lamports(5))
            try await market.running(second) {}
            let after = try #require(try await market.chain.server(of: first.wallet.address)?.account)
            #expect(after.registeredAt == before.registeredAt)
            #expect(after.peerKey != before.peerKey)
            #expect(after.listings.map(\.terms.outputPrice) == [.lamports(5)])
            #expect(after.listings[0].raisedSlot == before.listings[0].raisedSlot)
        }
    }

    @Test("A port that is taken is named, with what to do, and nothing is spent")
    func portTaken() async throws {
        try await TestMarket.with { market in
            let first = try market.seller()
            try await market.running(first) {
                let port = try await PeerAddress(parsing: first.peerAddress(market)).endpoint.port
                let second = try market.seller { $0.listenPort = Int(port) }
                let before = market.cluster.balance(of: second.wallet.address)
                let error = await #expect(throws: ProviderError.self) { try await second.provider.run() }
                guard case .cannotListen("127.0.0.1:\(port)", let reason) = error else {
                    Issue.record("\(String(describing: error))")
                    return
                }
                #expect(reason.contains("in use"))
                #expect(market.cluster.balance(of: second.wallet.address) == before)
            }
        }
    }

    @Test("What can't work is refused before anything is spent")
    func refusals() async throws {
        try await TestMarket.with { market in
            let poor = Keypair()
            let seller = try market.seller(wallet: poor)
            let error = await #expect(throws: ProviderError.self) { try await seller.provider.run() }
            guard case .insufficientFunds(poor.address, 0, _) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            func provider(_ offers: [Provider.Offer]) -> Provider {
                Provider(
                    wallet: .keypair(poor),
                    cluster: market.endpoint,
                    offers: offers,
                    backend: ScriptedBackend(),
                    store: seller.store,
                    configuration: .localnet
                )
            }
            let offer = Provider.Offer(model: "test/scripted", pricePerMillionTokens: .lamports(1))
            await #expect(throws: ProviderError.noOffers) { try await provider([]).run() }
            await #expect(throws: ProviderError.duplicateOffer("test/scripted")) {
                try await provider([offer, offer]).run()
            }
            await #expect(throws: ProviderError.invalidTerms("test/scripted")) {
                try await provider([.init(model: "test/scripted", pricePerMillionTokens: .free)]).run()
            }
            await #expect(throws: ProviderError.modelNotServed("other", available: ["test/scripted"])) {
                try await provider([
                    .init(model: "test/scripted", pricePerMillionTokens: .lamports(1), backendModel: "other")
                ]).run()
            }
        }
    }
}
