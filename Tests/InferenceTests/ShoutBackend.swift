import Inference

/// Answers every prompt with the prompt, in capitals, word by word.
struct ShoutBackend: InferenceBackend {
    func models() async throws -> [String] {
        ["example/shout"]
    }

    func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary {
        guard request.model == "example/shout" else { throw InferenceError.unknownModel(request.model) }
        let words = (request.messages.last?.text ?? "").split(separator: " ")
        var count = 0
        for word in words {
            // The limit is part of the price that the client agreed to.
            if let limit = request.maximumOutputTokens, count >= limit {
                return GenerationSummary(finishReason: .length)
            }
            // Waits while the reader is slow, and throws when nobody wants to read on.
            try await output.write(word.uppercased() + " ")
            count += 1
        }
        return GenerationSummary(
            finishReason: .stop,
            usage: TokenUsage(inputTokens: words.count, outputTokens: count)
        )
    }
}
