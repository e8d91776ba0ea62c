import ChainferenceKit
import Foundation
import LocalCluster
import Logging
import Synchronization

/// What a backend does when nothing is around it.
struct BareRun: Sendable {
    var firstToken: [Duration] = []
    /// Of all answers together, for each round.
    var tokensPerSecond: [Double] = []

    static func measure(_ engine: MarketEngine) async throws -> BareRun {
        var run = BareRun()
        if engine.openings > 0 {
            run.firstToken = try await concurrently(engine.openings, atATime: 4) { number in
                let stopwatch = TokenWatch()
                _ = try await engine.backend.generate(
                    engine.prompt(number, tokens: MarketRun.shortAnswer),
                    into: GenerationOutput { _ in stopwatch.token() }
                )
                return stopwatch.firstToken
            }
        }
        for _ in 0..<MarketRun.rounds {
            let tokens = Tally()
            let began = ContinuousClock.now
            _ = try await concurrently(MarketEngine.answers, atATime: MarketEngine.answers) { number in
                _ = try await engine.backend.generate(
                    engine.prompt(number, tokens: engine.tokens),
                    into: GenerationOutput { delta in tokens.value.withLock { $0 += delta.tokens } }
                )
            }
            run.tokensPerSecond.append(Double(tokens.value.withLock { $0 }) / began.duration(to: .now).seconds)
        }
        return run
    }
}

/// What the same backend does behind a provider, for clients that find it on the chain.
struct MarketRun: Sendable {
    static let rounds = 3
    /// As on the public clusters.
    static let slot = Duration.milliseconds(400)
    /// A server's, with the default shape.
    static let tick = Duration.milliseconds(100)
    /// Tokens of an answer of which only the first is of interest.
    static let shortAnswer = 8
    static let minimumCharge = Double(Provider.Offer.standardMinimumCharge.rawValue)

    /// From the wish to the first token through the open flow, with quote, stake and lock.
    var open: [Duration] = []
    /// The same through the direct flow: connect, publish, prompt.
    var direct: [Duration] = []
    /// From the prompt to the first token where the session stands already.
    var followUp: [Duration] = []
    /// Of all answers together, for each round.
    var tokensPerSecond: [Double] = []
    /// What the process grew by while the answers ran, for each.
    var memoryPerAnswer = 0
    /// What the chain took of client and provider for a session.
    var feesPerOpenSession = 0.0
    var feesPerDirectSession = 0.0

    static func measure(_ engine: MarketEngine) async throws -> MarketRun {
        var settings = LocalCluster.Configuration.testing(slot: slot)
        settings.ledger.finalizationSlots = 31
        return try await LocalCluster.withRunning(settings) { cluster in
            let bench = try MarketBench(engine: engine, cluster: cluster)
            return try await withThrowingTaskGroup(of: MarketRun?.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await bench.provider.run()
                    return nil
                }
                group.addTask {
                    try await bench.registration.wait()
                    return try await bench.measure()
                }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw BenchmarkUnavailable(reason: "the provider ended")
            }
        }
    }
}

/// A cluster, a provider on it, and clients as they are needed.
private struct MarketBench: Sendable {
    let engine: MarketEngine
    let cluster: LocalCluster
    let endpoint: Cluster
    let store: ProviderStore
    let provider: Provider
    let registration: Gate

    init(engine: MarketEngine, cluster: LocalCluster) throws {
        self.engine = engine
        self.cluster = cluster
        endpoint = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
        let seller = Keypair()
        try cluster.airdrop(.lamports(10_000_000_000), to: seller.address)
        var configuration = Provider.Configuration.localnet
        configuration.concurrency = MarketEngine.answers * 2
        store = try ProviderStore()
        let registration = Gate(1)
        self.registration = registration
        provider = Provider(
            wallet: .keypair(seller),
            cluster: endpoint,
            offers: [.init(model: try ModelID(validating: engine.model), pricePerMillionTokens: .lamports(400_000))],
            backend: engine.backend,
            store: store,
            configuration: configuration,
            logger: Logger(label: "benchmark") { _ in SwiftLogNoOpLogHandler() },
            onEvent: { if case .registered = $0 { registration.arrive() } }
        )
    }

    func measure() async throws -> MarketRun {
        var run = MarketRun()
        if engine.openings > 0 {
            for flow in RequestFlow.allCases {
                // What the faucet pays is no part of it.
                let wallets = try (0..<engine.openings).map { _ in try fundedWallet() }
                let before = (fees: feesCollected, claims: try await store.claims().count)
                let found = try await concurrently(engine.openings, atATime: 4) { number in
                    try await opening(flow, number, wallets[number])
                }
                while try await store.claims().count < before.claims + engine.openings {
                    try await Task.sleep(for: .milliseconds(50))
                }
                let cost = (feesCollected - before.fees) / Double(engine.openings)
                run.followUp += found.map(\.followUp)
                switch flow {
                case .open: (run.open, run.feesPerOpenSession) = (found.map(\.first), cost)
                case .direct: (run.direct, run.feesPerDirectSession) = (found.map(\.first), cost)
                }
            }
        }
        for _ in 0..<MarketRun.rounds {
            let (speed, memory) = try await answersTogether()
            run.tokensPerSecond.append(speed)
            run.memoryPerAnswer = max(run.memoryPerAnswer, memory)
        }
        return run
    }

    private var feesCollected: Double { Double(cluster.allBalances().feesCollected.rawValue) }

    private func fundedWallet() throws -> Keypair {
        let wallet = Keypair()
        try cluster.airdrop(.lamports(1_000_000_000), to: wallet.address)
        return wallet
    }

    private func client(_ flow: RequestFlow, _ wallet: Keypair) async throws -> InferenceClient {
        var policy = ClientPolicy.localnet
        policy.flow = .only(flow)
        return try await InferenceClient(wallet: .keypair(wallet), cluster: endpoint, policy: policy)
    }

    /// One session with two short answers.
    private func opening(
        _ flow: RequestFlow,
        _ number: Int,
        _ wallet: Keypair
    ) async throws -> (first: Duration, followUp: Duration) {
        let client = try await client(flow, wallet)
        // Sessions last whole steps of the stream, which are whole slots: one after another they would all begin at the same
        // moment of a slot, and wait equally long for its end.
        try await Task.sleep(for: MarketRun.slot * Double.random(in: 0..<1))
        let watch = Mutex(TokenWatch())
        let prompt = try engine.prompt(number, tokens: MarketRun.shortAnswer)
        return try await client.withSession(
            ModelID(validating: engine.model),
            budget: .lamports(200_000),
            onEvent: { if case .token = $0 { watch.withLock { $0 }.token() } },
            { session in
                try await session.ask(prompt)
                let first = watch.withLock { $0.firstToken }
                // Nor at the same moment of the stream's tick: the answer has ended with one.
                try await Task.sleep(for: MarketRun.tick * Double.random(in: 0..<1))
                watch.withLock { $0 = TokenWatch() }
                try await session.ask(prompt)
                return (first, watch.withLock { $0.firstToken })
            }
        )
    }

    /// Sessions that all stand before the first of them asks.
    private func answersTogether() async throws -> (tokensPerSecond: Double, memoryPerAnswer: Int) {
        let count = MarketEngine.answers
        let (ready, done) = (Gate(count), Gate(count))
        let (tokens, most) = (Tally(), Tally())
        let before = Memory.resident
        return try await withThrowingTaskGroup(of: Double?.self) { group in
            for number in 0..<count {
                group.addTask {
                    let client = try await client(.direct, fundedWallet())
                    try await client.withSession(ModelID(validating: engine.model), budget: .lamports(200_000)) {
                        session in
                        try await session.ask(engine.prompt(number, tokens: MarketRun.shortAnswer))
                        ready.arrive()
                        try await ready.wait()
                        let answer = try await session.ask(engine.prompt(number + count, tokens: engine.tokens))
                        tokens.value.withLock { $0 += Int(answer.usage.output) }
                        done.arrive()
                    }
                    return nil
                }
            }
            group.addTask {
                try await ready.wait()
                let began = ContinuousClock.now
                try await done.wait()
                return Double(tokens.value.withLock { $0 }) / began.duration(to: .now).seconds
            }
            group.addTask {
                while !done.isOpen {
                    most.value.withLock { $0 = max($0, Memory.resident) }
                    try await Task.sleep(for: .milliseconds(50))
                }
                return nil
            }
            let speed = try await group.reduce(0.0) { $0 + ($1 ?? 0) }
            return (speed, max(0, most.value.withLock { $0 } - before) / count)
        }
    }
}

/// Runs `count` measurements, so many of them at a time.
private func concurrently<Result: Sendable>(
    _ count: Int,
    atATime width: Int,
    _ measure: @escaping @Sendable (Int) async throws -> Result
) async throws -> [Result] {
    try await withThrowingTaskGroup(of: Result.self) { group in
        var results: [Result] = []
        for number in 0..<count {
            if number >= width, let result = try await group.next() { results.append(result) }
            group.addTask { try await measure(number) }
        }
        for try await result in group { results.append(result) }
        return results
    }
}

/// A number that several tasks change.
private final class Tally: Sendable {
    let value = Mutex(0)
}

/// When the first token of an answer came.
private final class TokenWatch: Sendable {
    private let start = ContinuousClock.now
    private let first = Mutex<ContinuousClock.Instant?>(nil)

    func token() { first.withLock { if $0 == nil { $0 = .now } } }

    /// From the making of this watch to the first token; until now if none came.
    var firstToken: Duration { start.duration(to: first.withLock { $0 } ?? .now) }
}

/// Opens when as many have arrived as it waits for.
private final class Gate: Sendable {
    private struct State {
        var missing: Int
        var waiting: [AsyncStream<Never>.Continuation] = []
    }

    private let state: Mutex<State>

    init(_ count: Int) { state = Mutex(State(missing: count)) }

    var isOpen: Bool { state.withLock { $0.missing <= 0 } }

    func arrive() {
        let waiting = state.withLock { state in
            state.missing -= 1
            guard state.missing <= 0 else { return [AsyncStream<Never>.Continuation]() }
            defer { state.waiting = [] }
            return state.waiting
        }
        for each in waiting { each.finish() }
    }

    func wait() async throws {
        let (stream, continuation) = AsyncStream<Never>.makeStream()
        let isOpen = state.withLock { state in
            if state.missing > 0 { state.waiting.append(continuation) }
            return state.missing <= 0
        }
        if isOpen { continuation.finish() }
        for await _ in stream {}
        try Task.checkCancellation()
    }
}

/// What this process holds.
private enum Memory {
    /// Bytes in memory, by the kernel; 0 where it does not say.
    static var resident: Int {
        guard let text = try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8) else { return 0 }
        let fields = text.split(separator: " ")
        return fields.count > 1 ? (Int(fields[1]) ?? 0) * 4_096 : 0
    }
}
