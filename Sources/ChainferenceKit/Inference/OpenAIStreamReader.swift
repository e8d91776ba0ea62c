/// What the events of one streamed chat completion amount to.
///
/// A pure state machine: events in, deltas out, and at the end a summary or the reason why there is none.
struct OpenAIStreamReader {
    /// What the engine said so far of how the answer ended.
    private(set) var finishReason: FinishReason?
    private(set) var usage: TokenUsage?
    /// Whether `[DONE]` came, after which nothing counts.
    private(set) var isDone = false
    private var countedTokens = 0

    /// Takes an event and returns the pieces of the answer in it.
    ///
    /// Where a server repeats `usage` in every chunk, the pieces carry the tokens by which it grew; elsewhere each counts 1.
    mutating func read(_ event: ServerSentEvent) throws(InferenceError) -> [GenerationDelta] {
        guard !isDone else { return [] }
        let data = event.data
        if data == "[DONE]" || data.hasPrefix("[DONE]") {
            isDone = true
            return []
        }
        guard !data.utf8.allSatisfy({ $0 == 0x20 || $0 == 0x0a }) else { return [] }
        guard let chunk = OpenAIChunk(json: data.utf8) else {
            if event.name == "error" { throw .engineFailed(reason: EngineText.shortened(data)) }
            throw .malformedAnswer(reason: "an event is not a JSON object")
        }
        return try read(chunk)
    }

    /// Takes a chunk, or a whole completion from a server that does not stream.
    mutating func read(_ chunk: OpenAIChunk) throws(InferenceError) -> [GenerationDelta] {
        if let error = chunk.error { throw .engineFailed(reason: EngineText.shortened(error)) }
        var deltas: [GenerationDelta] = []
        for choice in chunk.choices where choice.index == 0 {
            if let reasoning = choice.reasoning, !reasoning.isEmpty {
                deltas.append(GenerationDelta(.reasoning(reasoning)))
            }
            if let text = choice.text, !text.isEmpty { deltas.append(GenerationDelta(.text(text))) }
            if !choice.toolCalls.isEmpty { deltas.append(GenerationDelta(.toolCalls(choice.toolCalls))) }
            if let reason = choice.finishReason, !reason.isEmpty { finishReason = FinishReason(rawValue: reason) }
        }
        if let usage = chunk.usage {
            self.usage = usage
            if !deltas.isEmpty {
                // All pieces of a chunk are of the same tokens: the first carries them.
                let grown = max(0, usage.outputTokens - countedTokens)
                for index in deltas.indices { deltas[index].tokens = index == 0 ? grown : 0 }
            }
        }
        countedTokens += deltas.reduce(0) { $0 + $1.tokens }
        return deltas
    }

    /// Takes the end of the stream.
    ///
    /// - Returns: How the answer ended.
    /// - Throws: ``InferenceError/truncated`` when the server neither gave a reason to finish nor said that it is done.
    func summary() throws(InferenceError) -> GenerationSummary {
        guard isDone || finishReason != nil else { throw .truncated }
        return GenerationSummary(finishReason: finishReason ?? .stop, usage: usage)
    }
}
