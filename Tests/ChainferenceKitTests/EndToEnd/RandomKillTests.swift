import ChainferenceKit
import ChainferenceTesting
import Foundation
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("Killed at random", .timeLimit(.minutes(5)))
struct RandomKillTests {
    /// The sizes of the steps between lock, first token, vouchers and claim are milliseconds: kills hit all of them.
    @Test("Wherever the provider is killed, a restart settles to the lamport, once, and no stake is forgotten")
    func settlesAfterAnyKill() async throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("kill-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appendingPathComponent("provider.sqlite").path
        try await TestMarket.with { market in
            var random = SplitMix64(seed: 6)
            let wallet = try market.wallet()
            let total = market.cluster.allBalances().total
            // Eight in every run; more on request.
            let rounds = ProcessInfo.processInfo.environment["CHAINFERENCE_KILLS"].flatMap { Int($0) } ?? 8
            for round in 0..<rounds {
                let buyer = try market.wallet()
                let raw = RawClient(market: market, wallet: buyer)
                let delay = Duration.milliseconds(Int.random(in: 1...600, using: &random))
                var script = ScriptedBackend.Script()
                script.pieces = (0..<400).map { "w\($0) " }
                let first = try market.seller(
                    wallet: wallet,
                    backend: ScriptedBackend(script),
                    store: try ProviderStore(path: path)
                )
                let promised = EventLog<Lamports>()
                try await market.running(first) {
                    await withTaskGroup(of: Void.self) { group in
                        group.addTask { try? await raw.use(first, promised: promised, market) }
                        try? await Task.sleep(for: delay)
                        group.cancelAll()
                    }
                }
                try first.store.close()

                let store = try ProviderStore(path: path)
                let next = try market.seller(wallet: wallet, store: store)
                try await market.running(next) { try await raw.untilSettled(market) }
                // That kill may have come between the claim and its booking; the next start has read the chain before it
                // registers.
                let last = try market.seller(wallet: wallet, store: store)
                try await market.running(last) {}
                #expect(try await store.unsettledLocks().isEmpty, "round \(round), killed after \(delay)")
                if let account = try await market.chain.request(at: raw.request)?.account {
                    switch account.state {
                    case .claimed(_, let charge, _):
                        // What was claimed was promised, or is the nothing that gives the stake back.
                        #expect(charge == 0 || promised.events.contains(charge), "round \(round): \(charge)")
                        let claims = try await store.claims().filter { $0.id.request == raw.request }
                        #expect(claims.map(\.charge) == [charge], "round \(round)")
                    case .open, .locked:
                        Issue.record("round \(round): not settled after \(delay)")
                    }
                }
                try store.close()
            }
            // Airdrops come out of the faucet, and fees are counted: nothing is made and nothing is lost.
            #expect(market.cluster.allBalances().total == total)
            let account = try #require(try await market.chain.server(of: wallet.address)?.account)
            #expect(account.openLocks == 0 && account.reputation.failed == 0)
        }
    }
}

extension RawClient {
    /// Publishes, connects, and vouches for every piece; remembers what it promised.
    func use(_ seller: TestMarket.Seller<ScriptedBackend>, promised: EventLog<Lamports>, _ market: TestMarket)
        async throws
    {
        let lock = try await lock()
        try await withSession(lock, server: seller.wallet.address) { session in
            let answer = try await session.prompt(market.prompt().body)
            var meter = ClientMeter(terms: lock.terms, stake: stake)
            for try await event in answer.events {
                switch event {
                case .accepted(let parameters):
                    try meter.accept(inputTokens: UInt64(parameters.inputTokens), promptBytes: 1_000)
                case .data(let data):
                    try meter.receive(outputTokens: UInt64(data.tokens), bytes: UInt64(data.bytes.count))
                case .finished: return
                }
                if let amount = meter.nextVoucher() {
                    promised.append(amount)
                    try session.send(voucher: voucher(amount, lock))
                }
            }
        }
    }

    /// Waits until the request is over, as a client does who wants its money back and nothing else.
    ///
    /// What was given back is cancelled; what the provider has locked again meanwhile is closed.
    func untilSettled(_ market: TestMarket) async throws {
        for _ in 0..<10 {
            let state = try await market.chain.waitForRequest(request, within: .seconds(2)) { found -> Found? in
                guard let found else { return .over }
                switch found.account.state {
                case .claimed: return .over
                case .open: return .open
                case .locked: return nil
                }
            }
            switch state {
            case .over:
                return
            case .open:
                let cancel = CancelRequestInstruction(request: request, requester: wallet.address)
                _ = try? await market.chain.send([cancel.instruction(in: .localnet)], wallet: wallet)
            case nil:
                try? await beginClose()
            }
        }
        Issue.record("the request is still locked")
    }

    private enum Found: Sendable {
        case open
        case over
    }
}
