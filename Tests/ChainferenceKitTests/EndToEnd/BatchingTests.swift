import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import Solana
import Testing

@testable import ChainferenceKit

@Suite("Settling together, and the books of it", .timeLimit(.minutes(3)))
struct BatchingTests {
    @Test("Claims that are due together share transactions, and the books have every lamport of it")
    func batches() async throws {
        try await TestMarket.with { market in
            let total = market.cluster.allBalances().total
            // The claims of ended sessions wait for some seconds; the first that is due takes the others with it.
            let seller = try market.seller { configuration in
                configuration.concurrency = 8
                configuration.claimDelay = .seconds(8)
            }
            let start = market.cluster.balance(of: seller.wallet.address).rawValue
            let clients = try (0..<6).map { _ in RawClient(market: market, wallet: try market.wallet()) }
            try await market.running(seller) {
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for raw in clients {
                        group.addTask {
                            let lock = try await raw.lock()
                            try await raw.withSession(lock, server: seller.wallet.address) { session in
                                _ = try await raw.converse(over: session, lock)
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                for raw in clients {
                    let address = raw.request
                    _ = try await seller.events.first("claim") { event in
                        if case .claimed(address, _, _) = event { true } else { nil }
                    }
                }
            }
            let settlements = try await seller.store.transactions().filter { $0.purpose == .settlement }
            #expect(settlements.allSatisfy { $0.outcome == .landed })
            #expect(settlements.reduce(0) { $0 + $1.locks.count } == clients.count)
            #expect(settlements.count < clients.count, "nothing was settled together")
            // A transaction costs one signature, and one for each voucher in it.
            for sent in settlements { #expect(sent.fee.rawValue == 5_000 * UInt64(1 + sent.locks.count)) }
            // The books say what the wallet says, the rent of the server account aside.
            let report = try await seller.store.earnings()
            let chain = try await market.chain
            let rent = try #require(try await chain.server(of: seller.wallet.address)?.lamports).rawValue
            let now = market.cluster.balance(of: seller.wallet.address).rawValue
            #expect(Int64(now) - Int64(start) + Int64(rent) == report.total.net)
            #expect(report.total.sessions == clients.count)
            #expect(market.cluster.allBalances().total == total)
        }
    }

    @Test("One settlement that the chain refuses does not hold the others of its batch up")
    func oneIsRefused() async throws {
        try await TestMarket.with { market in
            let store = try ProviderStore()
            let wallet = try market.wallet()
            // Left behind by a crash: three locks without vouchers, which a start gives back together.
            let first = try market.seller(wallet: wallet, store: store) { $0.concurrency = 8 }
            let clients = try (0..<3).map { _ in RawClient(market: market, wallet: try market.wallet()) }
            try await market.running(first) { for raw in clients { _ = try await raw.lock() } }
            // One of them begins to close, so that its release pays its client instead of opening it again.
            try await clients[1].beginClose()
            let next = try market.seller(wallet: wallet, store: store) { $0.concurrency = 8 }
            try await market.running(next) {
                for raw in clients {
                    let address = raw.request
                    _ = try await next.events.first("release") { event in
                        if case .released(address) = event { true } else { nil }
                    }
                }
            }
            let settlements = try await store.transactions().filter { $0.purpose == .settlement }
            #expect(settlements.count < clients.count, "nothing was settled together")
        }
    }

    @Test("Packing keeps what belongs together in one transaction and in order, and no transaction is too large")
    func packing() throws {
        let payer = Keypair()
        let key = Keypair()
        let groups = (0..<40).map { index -> [Instruction] in
            let request = Keypair().address
            if index % 3 == 0 {
                let claim = ClaimPaymentInstruction(
                    owner: payer.address,
                    request: request,
                    requester: Keypair().address,
                    amount: 0,
                    presentsVoucher: false
                )
                return [claim.instruction(in: .localnet)]
            }
            let message = VoucherMessage(request: request, cumulative: 7, expiresAt: UnixTime(rawValue: 9))
            return ClaimPaymentInstruction.claiming(
                Voucher(signing: message, with: key),
                signedBy: key.address,
                owner: payer.address,
                requester: Keypair().address,
                amount: 7,
                in: .localnet
            )
        }
        let batches = ProviderEngine.batches(of: groups, payer: payer.address)
        #expect(batches.flatMap { $0 } == Array(0..<40))
        #expect(batches.count < 20 && batches.allSatisfy { $0.count <= 8 })
        for batch in batches {
            let transaction = try Transaction(
                feePayer: payer.address,
                instructions: batch.flatMap { groups[$0] },
                recentBlockhash: .zero
            )
            #expect(try transaction.serialized().count <= Transaction.maximumByteCount - 96)
        }
    }
}
