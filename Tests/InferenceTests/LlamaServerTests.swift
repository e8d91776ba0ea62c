import Foundation
import Inference
import Testing

private let address = ProcessInfo.processInfo.environment["CHAINFERENCE_LLAMA_URL"]

/// Against a real llama.cpp server with a tiny random model; `Tests/Llama/run` starts one.
///
/// Gated, because building llama.cpp takes longer than all other tests together.
@Suite("A real llama.cpp server", .enabled(if: address != nil, "run with Tests/Llama/run"), .serialized)
struct LlamaServerTests {
    private let backend = OpenAICompatibleBackend(baseURL: address ?? "")

    private func request(_ prompt: String = "Hello", limit: Int = 40, seed: Int64 = 1) throws -> GenerationRequest {
        try GenerationRequest(
            model: "tiny-random",
            messages: [.system("Be brief."), .user(prompt)],
            maximumOutputTokens: limit,
            temperature: 1,
            seed: seed
        )
    }

    @Test("It lists its model, and the probe finds it")
    func discovery() async throws {
        #expect(try await backend.models() == ["tiny-random"])
        let port = try #require(URL(string: backend.baseURL)?.port.flatMap { UInt16(exactly: $0) })
        let found = await OpenAICompatibleBackend.probe(ports: [port], within: .seconds(5))
        #expect(found.map(\.models) == [["tiny-random"]])
    }

    @Test("It streams an answer, whose pieces are no more than its tokens")
    func generation() async throws {
        let gathered = Gathered()
        let summary = try await backend.generate(request(), into: gathered.output)
        #expect(!gathered.text.isEmpty)
        #expect(gathered.deltas.count > 1)
        #expect(gathered.tokens <= 40)
        #expect([.stop, .length].contains(summary.finishReason))
        if let usage = summary.usage {
            #expect(usage.inputTokens > 0)
            #expect(gathered.tokens <= usage.outputTokens)
        }
        var meter = OutputMeter()
        for delta in gathered.deltas { meter.add(delta) }
        #expect(meter.finalTokens(usage: summary.usage) <= meter.ceiling)
    }

    @Test("A limit of a few tokens is kept")
    func limit() async throws {
        let gathered = Gathered()
        let summary = try await backend.generate(request(limit: 3), into: gathered.output)
        #expect(gathered.tokens <= 3)
        #expect(summary.finishReason == .length || gathered.tokens < 3)
    }

    @Test("What it refuses comes as a typed error, and it goes on serving")
    func refusal() async throws {
        let words = Array(repeating: "word", count: 2_000).joined(separator: " ")
        let error = await #expect(throws: InferenceError.self) {
            try await backend.generate(request(words), into: Gathered().output)
        }
        switch error {
        case .refused, .engineFailed: break
        // This server says 200 before it looks at the prompt, and then just ends the stream.
        case .truncated: break
        default: Issue.record("\(String(describing: error))")
        }
        _ = try await backend.generate(request(limit: 2), into: Gathered().output)
    }

    /// The connection is closed within a millisecond; this server, unlike others, computes the abandoned answer to its
    /// end all the same, and the next one waits for it.
    @Test("Cancelling in the middle ends at once, and the next answer comes")
    func cancellation() async throws {
        let started = Signal<Void>()
        let gathered = Gathered { _ in started.send(()) }
        let long = try request(limit: 100)
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: CancellationError.self) {
                    _ = try await backend.generate(long, into: gathered.output)
                }
            }
            _ = await started.next()
            group.cancelAll()
        }
        #expect(gathered.tokens < 100)
        let next = try await backend.generate(request(limit: 5), into: Gathered().output)
        #expect([.stop, .length].contains(next.finishReason))
    }
}
