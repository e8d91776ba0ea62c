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
            let bare = try await BareRun.measure(engine)
            let market = try await MarketRun.measure(engine)
            report.add(engine, bare, market)
            print(report.progress)
            // Also where the output is a file.
            fflush(nil)
        }
        print("\n" + report.text)
        if let path = context.publishes { try PublishedSection(name: "market").write(report.text, to: path) }
    }
}

/// What answers in a run, and what is asked of it.
struct MarketEngine: Sendable {
    /// How many answers run at a time where speed and memory are measured.
    static let answers = 64

    let name: String
    let backend: any InferenceBackend
    let model: String
    /// The length of an answer where speed and memory are measured.
    let tokens: Int
    /// How many sessions of each flow are opened to see how long the first token takes; none for engines without a pace.
    let openings: Int

    /// The engines that can be measured here.
    static func available() -> [MarketEngine] {
        var engines = [
            MarketEngine(
                name: "scripted, 100 tokens/s each",
                backend: ScriptedBackend(pause: .milliseconds(10)),
                model: ScriptedBackend.model,
                tokens: 500,
                openings: 64
            ),
            MarketEngine(
                name: "scripted, without a pause",
                backend: ScriptedBackend(pause: nil),
                model: ScriptedBackend.model,
                tokens: 2_000,
                openings: 0
            ),
        ]
        // Tests/Llama/run starts a real llama.cpp server and names it so.
        if let url = ProcessInfo.processInfo.environment["CHAINFERENCE_LLAMA_URL"] {
            engines.append(
                MarketEngine(
                    name: "llama.cpp, tiny model",
                    backend: OpenAICompatibleBackend(baseURL: url),
                    model: "tiny-random",
                    tokens: 48,
                    openings: 32
                )
            )
        }
        return engines
    }

    func prompt(_ number: Int, tokens: Int) throws -> GenerationRequest {
        try GenerationRequest(
            model: model,
            messages: [.user("Question \(number): what is a voucher?")],
            maximumOutputTokens: tokens,
            seed: Int64(number)
        )
    }
}

/// Writes the same words, one token at each beat of its clock or as fast as they are taken.
struct ScriptedBackend: InferenceBackend {
    static let model = "benchmark/scripted"

    let pause: Duration?

    func models() async throws -> [String] { [Self.model] }

    func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary {
        var beat = ContinuousClock.now
        for number in 0..<(request.maximumOutputTokens ?? 1_000) {
            if let pause {
                // Against the clock, not after one another: a late token does not delay the rest.
                beat += pause
                try await Task.sleep(until: beat)
            }
            try await output.write("word\(number % 10) ")
        }
        return GenerationSummary(finishReason: .length)
    }
}
