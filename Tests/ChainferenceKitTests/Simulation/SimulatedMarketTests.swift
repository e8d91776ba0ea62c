import Foundation
import LocalCluster
import Solana
import SolanaRPC
import Testing

@testable import ChainferenceKit

/// Ten thousand requests between traders of every kind; another number by `CHAINFERENCE_SIMULATED_REQUESTS`, another seed by
/// `CHAINFERENCE_SEED`.
@Suite("A market of honest and dishonest traders", .timeLimit(.minutes(10)))
struct SimulatedMarketTests {
    /// The ranking must have told cheap models from honest ones by then.
    static let comparisonsNeeded = 600

    @Test("The books balance to the lamport, nobody loses more than the window, and cheap models are found out")
    func market() async throws {
        let count = environment["CHAINFERENCE_SIMULATED_REQUESTS"].flatMap { Int($0) } ?? 10_000
        let treasury = Keypair().address
        let market = try await trade(
            SimulatedChain(InProcessLedger(treasury: treasury), treasury: treasury),
            requests: count,
            servers: [.honest: 3, .slow: 2, .lying: 2, .vanishing: 2, .overcharging: 2, .cheapModel: 2],
            clients: [.honest: 12, .vanishing: 4, .nonVouching: 3, .flagSpamming: 2]
        )
        if count >= 10_000 { #expect((market.comparisonsUntilSeparated() ?? .max) <= Self.comparisonsNeeded) }
    }

    /// A smaller market, because every transaction goes to another process; its figures are for the books, not the ranking.
    @Test(
        "The same where the program runs in the real VM",
        .enabled(if: RealVMLedger.urls != nil, "CHAINFERENCE_SVM_NODE names no node")
    )
    func realVM() async throws {
        let urls = try #require(RealVMLedger.urls)
        let ledger = try await RealVMLedger(Cluster(rpcURL: urls[0], webSocketURL: urls[1]))
        // The node has the addresses of a local cluster.
        let treasury = LocalCluster.Configuration.testing().ledger.market.treasury
        try await trade(
            SimulatedChain(ledger, treasury: treasury),
            requests: 300,
            servers: [.honest: 1, .slow: 1, .lying: 1, .vanishing: 1, .overcharging: 1, .cheapModel: 1],
            clients: [.honest: 3, .vanishing: 1, .nonVouching: 1, .flagSpamming: 1]
        )
    }

    private var environment: [String: String] { ProcessInfo.processInfo.environment }

    @discardableResult
    private func trade(
        _ chain: SimulatedChain,
        requests: Int,
        servers: [ServerKind: Int],
        clients: [ClientKind: Int]
    ) async throws -> SimulatedMarket {
        let seed = environment["CHAINFERENCE_SEED"].flatMap { UInt64($0) } ?? 20_261_123
        let began = ContinuousClock.now
        let market = try await SimulatedMarket(seed: seed, on: chain, servers: servers, clients: clients)
        try await market.run(requests: requests)
        try await market.audit()
        #expect(market.complaints.isEmpty, "seed \(seed): \(market.complaints.joined(separator: "\n"))")

        for kind in ServerKind.allCases {
            let servers = market.servers.filter { $0.kind == kind }
            // The check must have had something to check.
            #expect(!servers.isEmpty && servers.allSatisfy { $0.sessions > 0 })
            #expect(servers.allSatisfy { $0.mostUnpaid <= SimulatedConversation.window })
        }
        #expect(market.servers.filter { $0.kind == .overcharging }.allSatisfy { $0.refusedClaims > 0 })
        for kind in ClientKind.allCases {
            let clients = market.clients.filter { $0.kind == kind }
            #expect(!clients.isEmpty && clients.allSatisfy { $0.sessions > 0 && $0.mostOverpaid <= 20_000 })
        }
        let separated = market.comparisonsUntilSeparated()
        print(report(market, seed: seed, separated: separated, took: began.duration(to: .now)))
        return market
    }

    private func report(_ market: SimulatedMarket, seed: UInt64, separated: Int?, took: Duration) -> String {
        var lines = [
            "simulated market: seed \(seed), \(market.requests) requests, \(market.chain.transactions) transactions of which "
                + "\(market.chain.refusals) were refused, \(market.comparisons.count) comparisons, \(took)",
            "cheap models below honest ones after \(separated.map(String.init) ?? "never") comparisons",
        ]
        for kind in ServerKind.allCases {
            let servers = market.servers.filter { $0.kind == kind }
            lines.append(
                "  \(kind.rawValue) servers: \(servers.reduce(0) { $0 + $1.sessions }) sessions, "
                    + "\(servers.reduce(0) { $0 + $1.charged }) lamports, at most \(servers.map(\.mostUnpaid).max() ?? 0) tokens unpaid"
            )
        }
        for kind in ClientKind.allCases {
            let clients = market.clients.filter { $0.kind == kind }
            lines.append(
                "  \(kind.rawValue) clients: \(clients.reduce(0) { $0 + $1.sessions }) sessions, "
                    + "\(clients.reduce(0) { $0 + $1.paid }) lamports, at most \(clients.map(\.mostOverpaid).max() ?? 0) beyond worth"
            )
        }
        return lines.joined(separator: "\n")
    }
}
