import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Testing

@testable import ChainferenceKit

@Suite("Two providers after the same requests", .timeLimit(.minutes(3)))
struct RivalTests {
    @Test("Each request is locked once; what lost races cost is known, in the books, and less than every second lock")
    func rivals() async throws {
        try await TestMarket.with { market in
            let sellers = try (0..<2).map { _ in try market.seller { $0.concurrency = 16 } }
            let starts = sellers.map { market.cluster.balance(of: $0.wallet.address).rawValue }
            let requests = 10
            try await market.running(sellers[0], sellers[1]) {
                for _ in 0..<requests {
                    let raw = RawClient(market: market, wallet: try market.wallet())
                    let lock = try await raw.lock()
                    let seller = try #require(sellers.first { $0.address == lock.server })
                    try await raw.withSession(lock, server: seller.wallet.address) { session in
                        _ = try await raw.converse(over: session, lock)
                    }
                    let address = raw.request
                    _ = try await seller.events.first("claim") { event in
                        if case .claimed(address, _, _) = event { true } else { nil }
                    }
                }
            }
            var (won, lost) = (0, 0)
            let chain = try await market.chain
            for (seller, start) in zip(sellers, starts) {
                let locks = try await seller.store.transactions().filter { $0.purpose == .lock }
                won += locks.count { $0.outcome == .landed }
                lost += locks.count { $0.outcome == .failed }
                let report = try await seller.store.earnings()
                #expect(report.total.failedLocks == locks.count { $0.outcome == .failed })
                let rent = try #require(try await chain.server(of: seller.wallet.address)?.lamports).rawValue
                let now = market.cluster.balance(of: seller.wallet.address).rawValue
                #expect(Int64(now) - Int64(start) + Int64(rent) == report.total.net)
            }
            #expect(won == requests)
            #expect(lost * 2 < requests, "\(lost) of \(requests) locks were paid for in vain")
        }
    }
}
