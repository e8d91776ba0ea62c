public import Inference
import Synchronization

/// A backend that says what a test wants: words, counts, pauses, failures.
public final class ScriptedBackend: InferenceBackend {
    /// The one model that it answers for.
    public static let model = "test/scripted"

    /// What every answer is like.
    public struct Script: Sendable {
        /// The pieces of every answer.
        public var pieces = (0..<40).map { "word\($0) " }
        /// How many tokens each piece is said to be.
        public var tokensPerPiece = 1
        /// What the engine counts as input; nil leaves the estimate.
        public var inputTokens: Int?
        /// What the engine counts in the end; nil reports nothing.
        public var usage: TokenUsage?
        /// After so many pieces the backend waits until ``ScriptedBackend/resume()``.
        public var pausesAfter: Int?
        /// After so many pieces the backend fails.
        public var failsAfter: Int?
        /// Whether an answer whose beginning ends the prompt, as the assistant's words, is gone on with where it stopped.
        public var continues = false

        /// Forty words, each a token.
        public init() {}
    }

    /// The failure that ``Script/failsAfter`` asks for.
    public struct Failure: Error {}

    /// What every answer is like.
    public let script: Script
    private let generated = Mutex(0)
    private let gate = EventLog<Void>()

    /// Takes the script.
    public init(_ script: Script = Script()) { self.script = script }

    /// How many pieces were written in all.
    public var pieces: Int { generated.withLock { $0 } }

    /// Lets a paused answer go on.
    public func resume() { gate.append(()) }

    /// The one model.
    public func models() async throws -> [String] { [Self.model] }

    /// What the script says.
    public func inputTokens(of request: GenerationRequest) async throws -> Int? { script.inputTokens }

    /// Writes the pieces of the script, within the request's limit on tokens.
    public func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary
    {
        let limit = request.maximumOutputTokens ?? .max
        var tokens = 0
        var begun: Substring = ""
        if script.continues, let last = request.messages.last, last.role == "assistant" { begun = last.text[...] }
        for (index, whole) in script.pieces.enumerated() {
            // What has been said may end inside a piece.
            let said = begun.prefix(whole.count)
            begun = begun.dropFirst(said.count)
            let piece = String(whole.dropFirst(said.count))
            guard !piece.isEmpty else { continue }
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
