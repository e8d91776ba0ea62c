import CurlHTTP
import Foundation
import InferenceMarket
import Solana
import SolanaRPC

/// Looks at the node, the clock and the market.
struct ChainExamination: Sendable {
    let cluster: Cluster
    let market: Market
    let rpc: RPCClient
    let limit: Duration
    /// What subscriptions go through; calls go through that of the HTTP client.
    let proxy: HTTPProxy?

    init(cluster: Cluster, market: Market, http: HTTPClient, proxy: HTTPProxy?, limit: Duration) {
        self.cluster = cluster
        self.proxy = proxy
        self.market = market
        self.limit = limit
        // Whoever asks wants to know now; patience would only hide the reason.
        let policy = RPCPolicy(deadline: limit, attemptTimeout: limit, maximumAttempts: 2)
        rpc = RPCClient(cluster: cluster, policy: policy, http: http)
    }

    func findings() async -> [Finding] {
        let node = await node()
        guard node.status != .failure else {
            return [
                node, Finding(.subscriptions, .skipped, "the node does not answer"),
                Finding(.clock, .skipped, "the node does not answer"),
                Finding(.market, .skipped, "the node does not answer"),
            ]
        }
        return [node, await subscriptions(), await clock(), await marketAccount()]
    }

    private func node() async -> Finding {
        do {
            return try await within(limit) {
                let began = ContinuousClock.now
                try await rpc.verifyCluster()
                let version = try await rpc.getVersion().version
                let milliseconds = (ContinuousClock.now - began) / 2 / .milliseconds(1)
                let detail = "\(cluster) answers in \(Int(milliseconds)) ms, version \(version)"
                if case .behind = try await rpc.getHealth() {
                    return Finding(
                        .node,
                        .warning,
                        "\(detail), but it lags behind",
                        advice: "Use another node until it caught up."
                    )
                }
                guard cluster.rateLimit == nil else {
                    return Finding(
                        .node,
                        .warning,
                        "\(detail), as a public node with rate limits",
                        advice: "For more than trying things out, use a node of your own or of a provider."
                    )
                }
                return Finding(.node, .good, detail)
            }
        } catch {
            let advice =
                cluster.isLoopback
                ? "Start a local cluster with “chainference localnet”, or name another one."
                : "Check the URL, the network and the proxy."
            return Finding(.node, .failure, "\(cluster) does not answer: \(error)", advice: advice)
        }
    }

    private func subscriptions() async -> Finding {
        var configuration = cluster.isLoopback ? PubSubConfiguration.localnet : PubSubConfiguration()
        configuration.proxy = proxy
        let pubsub = PubSubClient(cluster: cluster, configuration: configuration)
        do {
            return try await within(limit) {
                try await withThrowingTaskGroup(of: Finding?.self) { group in
                    group.addTask {
                        try await pubsub.run()
                        return nil
                    }
                    group.addTask {
                        let began = ContinuousClock.now
                        let slot = try await pubsub.withSlotSubscription { events in
                            for try await event in events {
                                if let slot = event.value { return slot.slot }
                                if case .interrupted(let reason) = event {
                                    throw SubscriptionsInterrupted(reason: reason)
                                }
                            }
                            throw PubSubError.closed
                        }
                        let seconds = (ContinuousClock.now - began) / .seconds(1)
                        return Finding(
                            .subscriptions,
                            .good,
                            "slot \(slot) was announced within \(Int(seconds * 1_000)) ms"
                        )
                    }
                    defer { group.cancelAll() }
                    return try await group.next().flatMap { $0 }
                        ?? Finding(.subscriptions, .failure, "the connection ended")
                }
            }
        } catch {
            return Finding(
                .subscriptions,
                .warning,
                "\(error)",
                advice:
                    "Clients and providers then poll, which is slower. Check the WebSocket URL (\(cluster.webSocketURL.prefix(60)))."
            )
        }
    }

    private func clock() async -> Finding {
        do {
            let chain = try await within(limit) { try await MarketChain.now(rpc) }
            return Self.judgeClock(local: Int64(Date().timeIntervalSince1970), chain: chain.rawValue)
        } catch {
            return Finding(.clock, .warning, "the chain's time can't be read: \(error)")
        }
    }

    /// Deadlines are the chain's; whoever reads them by a clock that is wrong comes too late.
    static func judgeClock(local: Int64, chain: Int64) -> Finding {
        let (difference, overflow) = local.subtractingReportingOverflow(chain)
        let apart = overflow ? Int64.max : abs(difference)
        let detail = "this machine is \(apart) s \(difference < 0 ? "behind" : "ahead of") the chain"
        switch apart {
        case 0...30:
            return Finding(.clock, .good, apart <= 2 ? "this machine and the chain agree" : detail)
        case 31...120:
            return Finding(.clock, .warning, detail, advice: "Let the system set the time (NTP).")
        default:
            return Finding(
                .clock,
                .failure,
                detail,
                advice: "Set the clock (NTP). If it is right, the node is far behind or the cluster's time is not real."
            )
        }
    }

    private func marketAccount() async -> Finding {
        do {
            return try await within(limit) {
                guard let account = try await rpc.getAccountInfo(market.address).value, account.owner == market.program
                else {
                    return Finding(
                        .market,
                        .failure,
                        "there is no market of program \(market.program) on this cluster",
                        advice: "Check the cluster and the program's address."
                    )
                }
                let fee = try MarketAccount(decoding: account.data).fee
                return Finding(.market, .good, "program \(market.program), fee \(fee)")
            }
        } catch {
            return Finding(.market, .failure, "the market's account can't be read: \(error)")
        }
    }
}

/// Ends what takes too long.
func within<Result: Sendable>(
    _ limit: Duration,
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw ExaminationTimeout(limit: limit)
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw CancellationError() }
        return result
    }
}

/// The subscriptions' connection is refused or lost, for the reason that the client tells its subscribers.
struct SubscriptionsInterrupted: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}

/// A check took too long.
struct ExaminationTimeout: Error, CustomStringConvertible {
    let limit: Duration
    var description: String { "no answer within \(limit)" }
}
