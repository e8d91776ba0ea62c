import ChainferenceKit
import ChainferenceTesting
import LocalCluster
import PeerChannel
import Testing

@testable import ChainferenceKit

@Suite("A provider's peer keys, over restarts and renewals", .timeLimit(.minutes(2)))
struct PeerKeyTests {
    /// A port that was free a moment ago, for providers that must come back at the same address.
    private func freePort(_ market: TestMarket, _ wallet: Keypair) async throws -> Int {
        let seller = try market.seller(wallet: wallet)
        return try await market.running(seller) {
            let address = try await PeerAddress(parsing: seller.peerAddress(market))
            return Int(address.endpoint.port)
        }
    }

    @Test("Started again with the same store it has the same key, and pays for nothing")
    func restart() async throws {
        try await TestMarket.with { market in
            let store = try ProviderStore()
            let wallet = try market.wallet()
            let port = try await freePort(market, wallet)
            let first = try market.seller(wallet: wallet, store: store) { $0.listenPort = port }
            try await market.running(first) {}
            let before = try #require(try await market.chain.server(of: wallet.address)?.account)
            let balance = market.cluster.balance(of: wallet.address)
            let sent = try await store.transactions().count
            let second = try market.seller(wallet: wallet, store: store) { $0.listenPort = port }
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(second) {
                #expect(market.cluster.balance(of: wallet.address) == balance)
                #expect(try await store.transactions().count == sent)
                // Who read the address before the restart is served.
                try await raw.withSession(to: before.peerAddress, server: wallet.address) { session in
                    let lock = try await raw.lockDirectly(wallet.address)
                    #expect(try await raw.converse(over: session, lock) == 40)
                }
            }
            let after = try #require(try await market.chain.server(of: wallet.address)?.account)
            #expect(after.peerKey == before.peerKey && after.peerAddress == before.peerAddress)
            #expect(after.heartbeatAt == before.heartbeatAt)
        }
    }

    @Test("An old key gives way to another while the provider runs; locks on it are served, until its time is over")
    func renewal() async throws {
        try await TestMarket.with { market in
            let store = try ProviderStore()
            // Confirmed answers at 20 ms a slot: the clock moves by hand, and nothing else expires in three hours but locks.
            let seller = try market.seller(store: store) { $0.peerKeyAge = .seconds(3_000) }
            let raw = RawClient(market: market, wallet: try market.wallet())
            try await market.running(seller) {
                let old = try await seller.peerAddress(market)
                let oldKey = try await market.chain.server(of: seller.wallet.address)?.account.peerKey
                market.cluster.advance(by: .seconds(3_000))
                let new = try await seller.events.first("new address") {
                    if case .listening(let address) = $0, address != old { address } else { nil }
                }
                #expect(try await store.peerKeys().count == 2)
                let account = try await published(new, by: seller, in: market)
                #expect(account.peerKey != oldKey)
                // With the address from before, and with the new one.
                for address in [old, new] {
                    let client = RawClient(market: market, wallet: raw.wallet)
                    try await client.withSession(to: address, server: seller.wallet.address) { session in
                        let lock = try await client.lockDirectly(seller.wallet.address)
                        #expect(try await client.converse(over: session, lock) == 40)
                    }
                }
                let lock = try await raw.lock()
                #expect(lock.peerAddress == new)
            }
            // An hour on, a start still knows both; after two it knows the new one alone.
            market.cluster.advance(by: .seconds(2_999))
            let later = try market.seller(wallet: seller.wallet, store: store) { $0.peerKeyAge = .seconds(86_400) }
            #expect(try await market.running(later) { try await store.peerKeys().count } == 2)
            market.cluster.advance(by: .seconds(4_300))
            let last = try market.seller(wallet: seller.wallet, store: store) { $0.peerKeyAge = .seconds(86_400) }
            try await market.running(last) {
                // The clock that the provider reads moves with the next confirmed slot; ends by the suite's limit.
                while try await store.peerKeys().count > 1 { try await Task.sleep(for: market.chain.pollInterval) }
                #expect(try await store.peerKeys().map(\.retiredAt) == [nil])
            }
        }
    }

    /// Waits until the chain names an address.
    private func published(
        _ address: String,
        by seller: TestMarket.Seller<ScriptedBackend>,
        in market: TestMarket
    ) async throws -> ServerAccount {
        let chain = try await market.chain
        let found = try await chain.rpc.waitForAccount(
            seller.address,
            pubsub: nil,
            pollInterval: chain.pollInterval,
            deadline: .seconds(20)
        ) { answer in
            let account = try answer.value.map { try ServerAccount(decoding: $0.data) }
            return account?.peerAddress == address ? account : nil
        }
        return try #require(found, "the address is not on the chain")
    }

    @Test("The published address names every handshake that this build speaks, and clients take the strongest")
    func suites() async throws {
        try await TestMarket.with { market in
            let seller = try market.seller()
            try await market.running(seller) {
                let address = try await PeerAddress(parsing: seller.peerAddress(market))
                #expect(address.suites == Set(PeerSuite.allCases.filter(\.isBuilt)))
                #expect(address.suite == (address.suites.count > 1 ? .noiseXKpsk3MLKEM768 : .noiseXK))
            }
        }
    }
}
