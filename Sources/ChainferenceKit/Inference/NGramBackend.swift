/// A toy with a language model of its own, so that everything runs on a fresh machine with nothing installed.
///
/// It really is a language model, of the kind that was new in 1948: it counts which word follows which three in a few
/// pages of text about this project, and rolls dice. It understands nothing; its answers sound like the text and mean
/// nothing. Use it to try the market, never to sell answers.
///
/// The same request gives the same answer: the dice are seeded from ``GenerationRequest/seed``, or else from the
/// conversation.
public struct NGramBackend: InferenceBackend {
    /// The name of the one model that it has.
    public static let modelName = "chainference/ngram-toy"

    /// What ends an answer of a request without a limit.
    static let defaultLimit = 256

    /// The words that are written in a second; nil means as fast as the reader takes them.
    public let tokensPerSecond: Double?

    /// Whether answers end after a few sentences; else they go on up to the request's limit.
    public let stopsByItself: Bool

    /// Makes a backend; the model is trained when the first one is used, which takes milliseconds.
    ///
    /// - Parameters:
    ///   - tokensPerSecond: The pace; nil means as fast as the reader takes them.
    ///   - stopsByItself: Whether answers end after a few sentences; false gives long answers, to try long sessions with.
    public init(tokensPerSecond: Double? = 30, stopsByItself: Bool = true) {
        self.tokensPerSecond = tokensPerSecond.flatMap { $0.isFinite && $0 > 0 ? $0 : nil }
        self.stopsByItself = stopsByItself
    }

    private static let model = NGramModel(trainedOn: NGramText.text)

    /// The one name.
    public func models() async throws -> [String] { [Self.modelName] }

    /// Counts the words and punctuation marks of the conversation.
    public func inputTokens(of request: GenerationRequest) async throws -> Int? { Self.inputTokens(of: request) }

    /// Writes a few sentences word by word.
    ///
    /// - Returns: Why it ended, with exact counts.
    /// - Throws: ``InferenceError/unknownModel(_:)``, `CancellationError`, or what `output` throws.
    public func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary
    {
        guard request.model == Self.modelName else { throw InferenceError.unknownModel(request.model) }
        let limit = request.maximumOutputTokens ?? Self.defaultLimit
        var seed = request.seed.map { UInt64(bitPattern: $0) } ?? Self.seed(of: request.messages)
        func sample() -> NGramModel.Sample {
            Self.model.sample(
                startingFrom: request.messages.last?.text ?? "",
                seed: seed,
                temperature: request.temperature ?? 1
            )
        }
        var words = sample()
        var filter = StopSequenceFilter(request.stopSequences)
        var finishReason = FinishReason.length
        var count = 0
        var unwritten = 0
        let clock = ContinuousClock()
        let start = clock.now

        while count < limit {
            var next = words.next()
            if next == nil, !stopsByItself {
                seed &+= 1
                words = sample()
                next = words.next()
            }
            guard let word = next else {
                finishReason = .stop
                break
            }
            count += 1
            unwritten += 1
            if let tokensPerSecond {
                try await clock.sleep(until: start + .seconds(Double(count) / tokensPerSecond), tolerance: nil)
            } else {
                try Task.checkCancellation()
                await Task.yield()
            }
            let text = filter.pass(count == 1 ? String(word.drop { $0 == " " }) : word)
            if !text.isEmpty {
                try await output.write(text, tokens: unwritten)
                unwritten = 0
            }
            if filter.hasStopped { break }
        }
        let rest = filter.finish()
        if !rest.isEmpty { try await output.write(rest, tokens: unwritten) }
        if filter.hasStopped { finishReason = .stop }
        let usage = TokenUsage(inputTokens: Self.inputTokens(of: request), outputTokens: count)
        return GenerationSummary(finishReason: finishReason, usage: usage)
    }

    private static func inputTokens(of request: GenerationRequest) -> Int {
        request.messages.reduce(0) { $0 + NGramModel.words(of: $1.text).count }
    }

    /// FNV-1a over roles and texts, which differs as soon as they do.
    private static func seed(of messages: [ChatMessage]) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for message in messages {
            for byte in message.role.utf8 + [0] + message.text.utf8 + [0] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        return hash
    }
}
