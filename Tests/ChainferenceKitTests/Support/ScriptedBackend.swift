import Inference
import Synchronization

/// A backend that says what the test wants: words, counts, pauses, failures.
final class ScriptedBackend: InferenceBackend {
    static let model = "test/scripted"

    struct Script: Sendable {
        /// The pieces of every answer.
        var pieces = (0..<40).map { "word\($0) " }
        /// How many tokens each piece is said to be.
        var tokensPerPiece = 1
        /// What the engine counts as input; nil leaves the estimate.
        var inputTokens: Int?
        /// What the engine counts in the end; nil reports nothing.
        var usage: TokenUsage?
        /// After so many pieces the backend waits until ``ScriptedBackend/resume()``.
        var pausesAfter: Int?
        /// After so many pieces the backend fails.
        var failsAfter: Int?
    }

    struct Failure: Error {}

    let script: Script
    private let generated = Mutex(0)
    private let gate = EventLog<Void>()

    init(_ script: Script = Script()) { self.script = script }

    /// How many pieces were written in all.
    var pieces: Int { generated.withLock { $0 } }

    /// Lets a paused answer go on.
    func resume() { gate.append(()) }

    func models() async throws -> [String] { [Self.model] }

    func inputTokens(of request: GenerationRequest) async throws -> Int? { script.inputTokens }

    func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary {
        let limit = request.maximumOutputTokens ?? .max
        var tokens = 0
        for (index, piece) in script.pieces.enumerated() {
            if index == script.failsAfter { throw Failure() }
            if index == script.pausesAfter { _ = try await gate.first("resume", within: .seconds(600)) { _ in true } }
            guard tokens + script.tokensPerPiece <= limit else {
                return GenerationSummary(finishReason: .length, usage: script.usage)
            }
            tokens += script.tokensPerPiece
            try await output.write(piece, tokens: script.tokensPerPiece)
            generated.withLock { $0 += 1 }
        }
        return GenerationSummary(finishReason: .stop, usage: script.usage)
    }
}
