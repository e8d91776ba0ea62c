import ChainferenceKit
import Foundation
import LocalCluster
import Logging
import Synchronization

/// What was measured with so many answers at a time.
struct MarketRun: Sendable {
    /// From the wish to the first token through the open flow, with quote, stake and lock.
    var open: [Duration] = []
    /// The same through the direct flow: connect, publish, prompt.
    var direct: [Duration] = []
    /// From the prompt to the first token where the session stands already; of the bare backend, simply that.
    var followUp: [Duration] = []
    /// Between the first token and the last, for each answer.
    var tokensPerSecond: [Double] = []
    /// What the process grew by while the answers ran, for each.
    var memoryPerAnswer: Int?
    /// What the chain took of client and provider for a session.
    var costPerOpenSession = 0.0
    var costPerDirectSession = 0.0

    /// So many rounds give a p99 something to stand on without taking all day.
    private static func rounds(of answers: Int) -> Int { Swift.max(2, 16 / answers) }

    static func bare(_ engine: MarketEngine, answers: Int) async throws -> MarketRun {
        var run = MarketRun()
        for round in 0..<rounds(of: answers) {
            let marks = try await concurrently(answers) { index in
                let marks = Marks(tokens: engine.tokens)
                let prompt = try engine.prompt(round * answers + index)
                marks.start()
                _ = try await engine.backend.generate(prompt, into: GenerationOutput { _ in marks.token() })
                return marks
            }
            run.followUp += marks.map(\.firstToken)
            run.tokensPerSecond += marks.map(\.tokensPerSecond)
        }
        return run
    }

    static func market(_ engine: MarketEngine, answers: Int) async throws -> MarketRun {
        var settings = LocalCluster.Configuration.testing(slot: .milliseconds(400))
        settings.ledger.finalizationSlots = 31
        return try await LocalCluster.withRunning(settings) { cluster in
            let endpoint = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            let seller = Keypair()
            try cluster.airdrop(.lamports(10_000_000_000), to: seller.address)
            var configuration = Provider.Configuration.localnet
            configuration.concurrency = answers * 2
            configuration.shape = engine.shape
            let isRegistered = Flag()
            let store = try ProviderStore()
            let provider = Provider(
                wallet: .keypair(seller),
                cluster: endpoint,
                offers: [
                    .init(model: try ModelID(validating: engine.model), pricePerMillionTokens: .lamports(400_000))
                ],
                backend: engine.backend,
                store: store,
                configuration: configuration,
                logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() },
                onEvent: { if case .registered = $0 { isRegistered.raise() } }
            )
            return try await withThrowingTaskGroup(of: MarketRun?.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await provider.run()
                    return nil
                }
                group.addTask {
                    while !isRegistered.isRaised { try await Task.sleep(for: .milliseconds(20)) }
                    return try await sessions(engine, answers: answers, on: cluster, endpoint, store)
                }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw BenchmarkUnavailable(reason: "the provider ended")
            }
        }
    }

    private static func sessions(
        _ engine: MarketEngine,
        answers: Int,
        on cluster: LocalCluster,
        _ endpoint: Cluster,
        _ store: ProviderStore
    ) async throws -> MarketRun {
        var run = MarketRun()
        let memoryBefore = Memory.resident
        let memory = Memory.Peak()
        var settled = 0
        for flow in RequestFlow.allCases {
            let feesBefore = cluster.allBalances().feesCollected.rawValue
            for round in 0..<rounds(of: answers) {
                let marks = try await concurrently(answers) { index in
                    try await session(engine, number: round * answers + index, flow, on: cluster, endpoint, memory)
                }
                let opening = marks.map(\.opening.firstToken)
                switch flow {
                case .open: run.open += opening
                case .direct: run.direct += opening
                }
                run.followUp += marks.map(\.following.firstToken)
                run.tokensPerSecond += marks.map(\.following.tokensPerSecond)
            }
            // The last claims may be on their way.
            let count = rounds(of: answers) * answers
            settled += count
            while try await store.claims().count < settled { try await Task.sleep(for: .milliseconds(100)) }
            let cost = Double(cluster.allBalances().feesCollected.rawValue - feesBefore) / Double(count)
            switch flow {
            case .open: run.costPerOpenSession = cost
            case .direct: run.costPerDirectSession = cost
            }
        }
        run.memoryPerAnswer = Swift.max(0, memory.value - memoryBefore) / answers
        return run
    }

    private struct SessionMarks: Sendable {
        let opening: Marks
        let following: Marks
    }

    private static func session(
        _ engine: MarketEngine,
        number: Int,
        _ flow: RequestFlow,
        on cluster: LocalCluster,
        _ endpoint: Cluster,
        _ memory: Memory.Peak
    ) async throws -> SessionMarks {
        let wallet = Keypair()
        try cluster.airdrop(.lamports(1_000_000_000), to: wallet.address)
        var policy = ClientPolicy.localnet
        policy.flow = .only(flow)
        let client = try await InferenceClient(wallet: .keypair(wallet), cluster: endpoint, policy: policy)
        let marks = SessionMarks(opening: Marks(tokens: engine.tokens), following: Marks(tokens: engine.tokens))
        let isFollowing = Flag()
        let (first, second) = (try engine.prompt(number), try engine.prompt(number + 1))
        marks.opening.start()
        try await client.withSession(
            ModelID(validating: engine.model),
            budget: .lamports(200_000),
            onEvent: { event in
                if case .token = event { isFollowing.isRaised ? marks.following.token() : marks.opening.token() }
            },
            { session in
                try await session.ask(first)
                memory.note()
                isFollowing.raise()
                marks.following.start()
                try await session.ask(second)
                memory.note()
            }
        )
        return marks
    }

    private static func concurrently<Result: Sendable>(
        _ count: Int,
        _ measure: @escaping @Sendable (Int) async throws -> Result
    ) async throws -> [Result] {
        try await withThrowingTaskGroup(of: Result.self) { group in
            for index in 0..<count { group.addTask { try await measure(index) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
    }
}

/// When the tokens of one answer came.
private final class Marks: Sendable {
    private struct State {
        var start = ContinuousClock.now
        var first: ContinuousClock.Instant?
        var last = ContinuousClock.now
    }

    private let tokens: Int
    private let state = Mutex(State())

    init(tokens: Int) { self.tokens = tokens }

    func start() { state.withLock { $0.start = .now } }

    func token() {
        state.withLock {
            $0.last = .now
            if $0.first == nil { $0.first = $0.last }
        }
    }

    var firstToken: Duration { state.withLock { $0.start.duration(to: $0.first ?? $0.last) } }

    var tokensPerSecond: Double {
        let span = state.withLock { ($0.first ?? $0.last).duration(to: $0.last) }
        let seconds = Double(span.components.seconds) + Double(span.components.attoseconds) * 1e-18
        return Double(tokens) / max(seconds, 1e-9)
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}

/// What this process holds.
private enum Memory {
    /// Bytes in memory, by the kernel; 0 where it does not say.
    static var resident: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
    }

    /// The most that was seen.
    final class Peak: Sendable {
        private let state = Mutex(0)
        var value: Int { state.withLock { $0 } }
        func note() {
            let now = Memory.resident
            state.withLock { $0 = max($0, now) }
        }
    }
}
