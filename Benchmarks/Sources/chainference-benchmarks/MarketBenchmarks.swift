import ChainferenceKit
import Foundation

extension BenchmarkGroup {
    /// What the market adds to a bare backend: time, memory, money.
    ///
    /// Cluster, provider and clients share this process and machine, so that with many clients the figures are those of
    /// both ends together. Slots take 400 ms, as on the public clusters.
    static let market = BenchmarkGroup(
        name: "market",
        title: "The whole market against the bare backend; cluster, provider and clients in one process"
    ) { _, context in
        var report = MarketReport(lamportsPerDollar: 1e9 / context.dollarsPerSOL)
        for engine in MarketEngine.available() {
            for answers in [1, 8, 64] {
                let bare = try await MarketRun.bare(engine, answers: answers)
                let market = try await MarketRun.market(engine, answers: answers)
                report.add(engine, answers: answers, bare: bare, market: market)
                print(report.lines.last.map { "  " + $0 } ?? "")
            }
        }
        print(report.text)
        if let path = context.publishes { try PublishedSection(name: "market").write(report.text, to: path) }
    }
}

/// What answers in a run, and what is asked of it.
struct MarketEngine: Sendable {
    let name: String
    let backend: any InferenceBackend
    let model: String
    let tokens: Int
    let shape: StreamShape

    /// The engines that can be measured here.
    static func available() -> [MarketEngine] {
        var engines = [
            MarketEngine(
                name: "paced at 100 tokens/s",
                backend: NGramBackend(tokensPerSecond: 100, stopsByItself: false),
                model: NGramBackend.modelName,
                tokens: 200,
                shape: .server
            ),
            MarketEngine(
                name: "scripted, at once",
                backend: FastBackend(),
                model: FastBackend.model,
                tokens: 2_000,
                shape: StreamShape(tick: .milliseconds(10), recordSize: 4_096) ?? .server
            ),
        ]
        // Tests/Llama/run starts a real llama.cpp server and names it so.
        if let url = ProcessInfo.processInfo.environment["CHAINFERENCE_LLAMA_URL"] {
            engines.append(
                MarketEngine(
                    name: "llama.cpp",
                    backend: OpenAICompatibleBackend(baseURL: url),
                    model: "tiny-random",
                    tokens: 48,
                    shape: .server
                )
            )
        }
        return engines
    }

    func prompt(_ number: Int) throws -> GenerationRequest {
        try GenerationRequest(
            model: model,
            messages: [.user("Question \(number): what is a voucher?")],
            maximumOutputTokens: tokens,
            seed: Int64(number)
        )
    }
}

/// Writes the same words as fast as they are taken.
struct FastBackend: InferenceBackend {
    static let model = "benchmark/scripted"

    func models() async throws -> [String] { [Self.model] }

    func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary {
        for number in 0..<(request.maximumOutputTokens ?? 1_000) { try await output.write("word\(number % 10) ") }
        return GenerationSummary(finishReason: .length)
    }
}

/// The figures of all runs, as a table for people.
struct MarketReport {
    private let lamportsPerDollar: Double
    private(set) var lines: [String] = []

    init(lamportsPerDollar: Double) { self.lamportsPerDollar = lamportsPerDollar }

    mutating func add(_ engine: MarketEngine, answers: Int, bare: MarketRun, market: MarketRun) {
        let floor = bare.followUp.median
        func added(_ times: [Duration]) -> String {
            "\((times.quantile(0.5) - floor).milliseconds) / \((times.quantile(0.99) - floor).milliseconds)"
        }
        let ratio = market.tokensPerSecond.median / max(bare.tokensPerSecond.median, 1e-9)
        let memory = market.memoryPerAnswer.map { "\($0 / 1_024) KiB" } ?? "–"
        let cells = [
            engine.name, "\(answers)", floor.milliseconds, added(market.open), added(market.direct),
            added(market.followUp), String(format: "%.2f", ratio), memory, money(market.costPerOpenSession),
            money(market.costPerDirectSession),
        ]
        lines.append("| " + cells.joined(separator: " | ") + " |")
    }

    private func money(_ lamports: Double) -> String {
        String(format: "%.0f ($%.5f)", lamports, lamports / lamportsPerDollar)
    }

    var text: String {
        let dollars = String(format: "%.0f", 1e9 / lamportsPerDollar)
        return """
            | engine | answers at a time | first token, bare (ms) | open adds, p50 / p99 (ms) | direct adds (ms) \
            | follow-up adds (ms) | tokens/s ÷ bare | memory per answer | chain fees of an open session, lamports \
            | of a direct one |
            |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|
            \(lines.joined(separator: "\n"))

            Times are from the prompt to the first token, less the bare backend's median. “Open” and “direct” include quote, stake \
            and, for open, the lock; a follow-up prompt under the same lock has no chain in it. Memory is what the process \
            grows by per answer, both ends of it. Fees are those of client and provider together, at $\(dollars) a SOL; the \
            answer's own price comes on top, and is the provider's.
            """
    }
}

extension Duration {
    var milliseconds: String {
        String(format: "%.0f", Double(components.seconds) * 1_000 + Double(components.attoseconds) * 1e-15)
    }
}

extension Array where Element: Comparable {
    /// Nearest rank.
    func quantile(_ share: Double) -> Element {
        let sorted = sorted()
        return sorted[Swift.min(sorted.count - 1, Swift.max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
    }

    var median: Element { quantile(0.5) }
}
