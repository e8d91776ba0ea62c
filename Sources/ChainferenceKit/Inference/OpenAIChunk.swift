import JSON

/// A chunk of a streamed chat completion, or a whole one, as servers really send them.
///
/// Every member is optional and read on its own terms: one of an unexpected type is taken as absent.
struct OpenAIChunk: Decodable {
    struct Choice {
        var index = 0
        var text: String?
        var reasoning: String?
        var toolCalls: [ToolCallDelta] = []
        var finishReason: String?
    }

    struct Usage: Decodable {
        let promptTokens: Int?
        let completionTokens: Int?

        enum CodingKeys: String, CodingKey {
            case promptTokens = "prompt_tokens"
            case completionTokens = "completion_tokens"
        }

        /// Nil when a count is missing or makes no sense.
        var tokenUsage: TokenUsage? {
            guard let completionTokens, completionTokens >= 0 else { return nil }
            return TokenUsage(inputTokens: max(0, promptTokens ?? 0), outputTokens: completionTokens)
        }
    }

    var choices: [Choice] = []
    var usage: TokenUsage?
    /// What the server says went wrong.
    var error: String?

    enum CodingKeys: String, CodingKey {
        case choices
        case usage
        case error
        case message
        case detail
        case object
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        choices = container.lenient([Choice].self, .choices) ?? []
        usage = container.lenient(Usage.self, .usage)?.tokenUsage
        error = Self.error(in: container)
    }

    /// Parses an event's data or a response's body; nil when it is not a JSON object.
    init?(json: some Collection<UInt8>) {
        guard let chunk = try? JSONValue(parsing: json).decode(OpenAIChunk.self) else { return nil }
        self = chunk
    }

    /// `{"error": {"message": …}}` (OpenAI), `{"error": "…"}` (Ollama), `{"object": "error", "message": …}` (vLLM),
    /// `{"detail": …}` (FastAPI).
    private static func error(in container: KeyedDecodingContainer<CodingKeys>) -> String? {
        struct Detailed: Decodable {
            let message: String?
            let type: String?
        }
        if let detailed = container.lenient(Detailed.self, .error) {
            return detailed.message ?? detailed.type ?? "no explanation"
        }
        if let text = container.lenient(String.self, .error) { return text }
        let isError = container.lenient(String.self, .object) == "error" || !container.contains(.choices)
        guard isError else { return nil }
        return container.lenient(String.self, .message)
            ?? container.lenient(String.self, .detail)
    }
}

extension OpenAIChunk.Choice: Decodable {
    enum CodingKeys: String, CodingKey {
        case index
        case delta
        case message
        case text
        case finishReason = "finish_reason"
    }

    private struct Delta: Decodable {
        let content: String?
        let reasoning: String?
        let toolCalls: [ToolCallDelta]

        enum CodingKeys: String, CodingKey {
            case content
            case reasoningContent = "reasoning_content"
            case reasoning
            case toolCalls = "tool_calls"
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            content = container.lenient(String.self, .content)
            // DeepSeek, vLLM and llama.cpp write the one, Ollama and OpenRouter the other; some both.
            reasoning =
                container.lenient(String.self, .reasoningContent)
                ?? container.lenient(String.self, .reasoning)
            toolCalls = container.lenient([ToolCallDelta].self, .toolCalls) ?? []
        }
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        index = container.lenient(Int.self, .index) ?? 0
        finishReason = container.lenient(String.self, .finishReason)
        let delta =
            container.lenient(Delta.self, .delta) ?? container.lenient(Delta.self, .message)
        text = delta?.content ?? container.lenient(String.self, .text)
        reasoning = delta?.reasoning
        toolCalls = delta?.toolCalls ?? []
    }
}

/// The answer to `GET /v1/models`.
struct OpenAIModelList: Decodable {
    struct Model: Decodable {
        let id: String
    }

    let data: [Model]

    /// Parses a response's body; nil when it is something else.
    init?(json: some Collection<UInt8>) {
        guard let list = try? JSONValue(parsing: json).decode(OpenAIModelList.self) else { return nil }
        self = list
    }
}
