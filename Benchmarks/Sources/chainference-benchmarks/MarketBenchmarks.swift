import ChainferenceKit
import Foundation
import LocalCluster
import Logging
import Synchronization

extension BenchmarkGroup {
    /// Time to first token and tokens per second through the whole market, against the bare backend.
    ///
    /// Cluster, provider and clients share this process and machine, so that with many clients the figures are those of
    /// both ends together. The backend paces itself at 100 tokens a second; what the market adds is what differs.
    static let market = BenchmarkGroup(
        name: "market",
        title: "The whole market against the bare backend (100 tokens a second, 200 tokens, shaped records)"
    ) { _, _ in
        print("  answers   first token, bare   follow-up adds   with the chain   tokens/s, market ÷ bare")
        for count in [1, 8, 64] {
            let bare = try await Timing.ofBareBackend(answers: count)
            let market = try await Timing.ofMarket(answers: count)
            print(
                "  \(String(count).leftPadded(7))"
                    + "   \(bare.followUp.milliseconds.leftPadded(17))"
                    + "   \((market.followUp - bare.followUp).milliseconds.leftPadded(14))"
                    + "   \(market.first.milliseconds.leftPadded(14))"
                    + "   \(String(format: "%.2f", market.tokensPerSecond / bare.tokensPerSecond).leftPadded(24))"
            )
        }
    }
}

/// Medians over concurrent answers.
private struct Timing {
    /// From the wish to the first token, with quote, stake and lock.
    var first: Duration
    /// From the prompt to the first token where the session stands already.
    var followUp: Duration
    /// Between the first token and the last, for one answer.
    var tokensPerSecond: Double

    private static let tokens = 200
    private static let backend = NGramBackend(tokensPerSecond: 100, stopsByItself: false)

    private static func prompt(_ text: String) throws -> GenerationRequest {
        try GenerationRequest(model: NGramBackend.modelName, messages: [.user(text)], maximumOutputTokens: tokens)
    }

    static func ofBareBackend(answers: Int) async throws -> Timing {
        try await median(of: answers) { index in
            let marks = Marks()
            let prompt = try prompt("Question \(index)")
            marks.start()
            _ = try await backend.generate(prompt, into: GenerationOutput { _ in marks.token() })
            return marks.timing
        }
    }

    static func ofMarket(answers: Int) async throws -> Timing {
        var settings = LocalCluster.Configuration.testing(slot: .milliseconds(400))
        settings.ledger.finalizationSlots = 31
        return try await LocalCluster.withRunning(settings) { cluster in
            let endpoint = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            let seller = Keypair()
            try cluster.airdrop(.lamports(10_000_000_000), to: seller.address)
            var configuration = Provider.Configuration.localnet
            configuration.concurrency = answers
            let isRegistered = Flag()
            let provider = Provider(
                wallet: .keypair(seller),
                cluster: endpoint,
                offers: [
                    .init(
                        model: try ModelID(validating: NGramBackend.modelName),
                        pricePerMillionTokens: .lamports(400_000)
                    )
                ],
                backend: backend,
                store: try ProviderStore(),
                configuration: configuration,
                logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() },
                onEvent: { if case .registered = $0 { isRegistered.raise() } }
            )
            return try await withThrowingTaskGroup(of: Timing?.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await provider.run()
                    return nil
                }
                group.addTask {
                    while !isRegistered.isRaised { try await Task.sleep(for: .milliseconds(20)) }
                    return try await median(of: answers) { try await session($0, on: cluster, endpoint) }
                }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw BenchmarkUnavailable(reason: "the provider ended")
            }
        }
    }

    private static func session(_ index: Int, on cluster: LocalCluster, _ endpoint: Cluster) async throws -> Timing {
        let wallet = Keypair()
        try cluster.airdrop(.lamports(1_000_000_000), to: wallet.address)
        let client = try await InferenceClient(wallet: .keypair(wallet), cluster: endpoint)
        let opening = Marks()
        let following = Marks()
        let isFollowing = Flag()
        let first = try prompt("Question \(index)")
        let second = try prompt("And further, \(index)?")
        opening.start()
        try await client.withSession(
            ModelID(validating: NGramBackend.modelName),
            budget: .lamports(200_000),
            onEvent: { event in
                if case .token = event { isFollowing.isRaised ? following.token() : opening.token() }
            },
            { session in
                try await session.ask(first)
                isFollowing.raise()
                following.start()
                try await session.ask(second)
            }
        )
        var timing = following.timing
        timing.first = opening.timing.followUp
        return timing
    }

    private static func median(
        of count: Int,
        _ measure: @escaping @Sendable (Int) async throws -> Timing
    ) async throws -> Timing {
        let timings = try await withThrowingTaskGroup(of: Timing.self) { group in
            for index in 0..<count { group.addTask { try await measure(index) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        return Timing(
            first: timings.map(\.first).sorted()[count / 2],
            followUp: timings.map(\.followUp).sorted()[count / 2],
            tokensPerSecond: timings.map(\.tokensPerSecond).sorted()[count / 2]
        )
    }

    /// When the tokens of one answer came.
    private final class Marks: Sendable {
        private struct State {
            var start = ContinuousClock.now
            var first: ContinuousClock.Instant?
            var last = ContinuousClock.now
        }

        private let state = Mutex(State())

        func start() { state.withLock { $0.start = .now } }

        func token() {
            state.withLock {
                $0.last = .now
                if $0.first == nil { $0.first = $0.last }
            }
        }

        var timing: Timing {
            state.withLock { state in
                let first = state.first ?? state.last
                let span = first.duration(to: state.last)
                let seconds = Double(span.components.seconds) + Double(span.components.attoseconds) * 1e-18
                return Timing(
                    first: state.start.duration(to: first),
                    followUp: state.start.duration(to: first),
                    tokensPerSecond: Double(tokens) / max(seconds, 1e-9)
                )
            }
        }
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}

extension Duration {
    fileprivate var milliseconds: String {
        String(format: "%.0f ms", Double(components.seconds) * 1_000 + Double(components.attoseconds) * 1e-15)
    }
}

extension String {
    fileprivate func leftPadded(_ width: Int) -> String { String(repeating: " ", count: max(0, width - count)) + self }
}
