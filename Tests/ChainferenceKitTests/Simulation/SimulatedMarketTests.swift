import Foundation
import Testing

@testable import ChainferenceKit

/// Ten thousand requests between traders of every kind; another number by `CHAINFERENCE_SIMULATED_REQUESTS`, another seed by
/// `CHAINFERENCE_SEED`.
@Suite("A market of honest and dishonest traders", .timeLimit(.minutes(10)))
struct SimulatedMarketTests {
    /// The ranking must have told cheap models from honest ones by then.
    static let comparisonsNeeded = 600

    @Test("The books balance to the lamport, nobody loses more than the window, and cheap models are found out")
    func market() throws {
        let environment = ProcessInfo.processInfo.environment
        let count = environment["CHAINFERENCE_SIMULATED_REQUESTS"].flatMap { Int($0) } ?? 10_000
        let seed = environment["CHAINFERENCE_SEED"].flatMap { UInt64($0) } ?? 20_261_123
        let began = ContinuousClock.now
        let market = try SimulatedMarket(
            seed: seed,
            servers: [.honest: 3, .slow: 2, .lying: 2, .vanishing: 2, .overcharging: 2, .cheapModel: 2],
            clients: [.honest: 12, .vanishing: 4, .nonVouching: 3, .flagSpamming: 2]
        )
        try market.run(requests: count)
        market.audit()
        #expect(market.complaints.isEmpty, "seed \(seed): \(market.complaints.joined(separator: "\n"))")

        for kind in ServerKind.allCases {
            let servers = market.servers.filter { $0.kind == kind }
            // The check must have had something to check.
            #expect(servers.allSatisfy { $0.sessions > 0 })
            #expect(servers.allSatisfy { $0.mostUnpaid <= SimulatedConversation.window })
        }
        #expect(market.servers.filter { $0.kind == .overcharging }.allSatisfy { $0.refusedClaims > 0 })
        #expect(market.clients.allSatisfy { $0.sessions > 0 && $0.mostOverpaid <= 20_000 })
        let separated = market.comparisonsUntilSeparated()
        if count >= 10_000 { #expect((separated ?? .max) <= Self.comparisonsNeeded) }
        print(report(market, seed: seed, separated: separated, took: began.duration(to: .now)))
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
