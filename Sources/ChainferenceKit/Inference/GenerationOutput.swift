/// Where a backend writes its answer.
///
/// Each write returns when the receiver has room for more. It throws when the receiver wants no more; the backend then
/// stops and lets the error pass on.
public struct GenerationOutput: Sendable {
    private let receive: @Sendable (GenerationDelta) async throws -> Void

    /// Makes an output that hands every delta to `receive`, one after the other.
    ///
    /// - Parameter receive: Takes a delta; suspends to hold the backend back, and throws to stop it.
    public init(_ receive: @escaping @Sendable (GenerationDelta) async throws -> Void) {
        self.receive = receive
    }

    /// Writes a piece of the answer's text.
    ///
    /// - Parameters:
    ///   - text: The piece; empty ones are dropped.
    ///   - tokens: How many tokens it is made of; 1 unless the backend knows better.
    /// - Throws: What the receiver throws to stop the backend, or `CancellationError`.
    public func write(_ text: String, tokens: Int = 1) async throws {
        try await write(GenerationDelta(.text(text), tokens: tokens))
    }

    /// Writes a piece of any kind; empty ones are dropped.
    public func write(_ delta: GenerationDelta) async throws {
        try Task.checkCancellation()
        guard !delta.content.isEmpty else { return }
        try await receive(delta)
    }
}

/// A piece of an answer.
public struct GenerationDelta: Hashable, Sendable {
    /// What a piece may be.
    public enum Content: Hashable, Sendable {
        /// Text of the answer.
        case text(String)
        /// Text of the reasoning that some models show before the answer.
        case reasoning(String)
        /// Fragments of calls to the caller's tools, to be merged by index as in the OpenAI stream.
        case toolCalls([ToolCallDelta])
    }

    /// The piece.
    public var content: Content
    /// How many output tokens it is made of, as far as the backend knows; see ``OutputMeter`` for the rule.
    public var tokens: Int

    /// Makes a piece.
    public init(_ content: Content, tokens: Int = 1) {
        self.content = content
        self.tokens = tokens
    }
}

extension GenerationDelta.Content {
    /// Whether there is nothing in it.
    public var isEmpty: Bool {
        switch self {
        case .text(let text), .reasoning(let text): text.isEmpty
        case .toolCalls(let calls): calls.isEmpty
        }
    }

    /// How many bytes of generated text it holds: what the plausibility of token counts is judged by.
    public var byteCount: Int {
        switch self {
        case .text(let text), .reasoning(let text):
            text.utf8.count
        case .toolCalls(let calls):
            calls.reduce(0) { sum, call in
                sum + (call.function?.name?.utf8.count ?? 0) + (call.function?.arguments?.utf8.count ?? 0)
            }
        }
    }
}

/// A fragment of a call to one of the caller's tools, in OpenAI's notation.
public struct ToolCallDelta: Hashable, Sendable, Codable {
    /// A fragment of the function to call.
    public struct Function: Hashable, Sendable, Codable {
        /// The function's name, in the first fragment.
        public var name: String?
        /// A fragment of the JSON text of the arguments.
        public var arguments: String?

        /// Makes a fragment.
        public init(name: String? = nil, arguments: String? = nil) {
            self.name = name
            self.arguments = arguments
        }
    }

    /// Which call of the answer this belongs to.
    public var index: Int?
    /// The call's identifier, in the first fragment.
    public var id: String?
    /// The kind of tool, in the first fragment: `function`.
    public var type: String?
    /// The function.
    public var function: Function?

    /// Makes a fragment.
    public init(index: Int? = nil, id: String? = nil, type: String? = nil, function: Function? = nil) {
        self.index = index
        self.id = id
        self.type = type
        self.function = function
    }
}

/// How a generation ended, from a backend's point of view.
public struct GenerationSummary: Hashable, Sendable {
    /// Why the answer ended.
    public var finishReason: FinishReason
    /// What the engine counted, or nil when it reports nothing.
    public var usage: TokenUsage?

    /// Makes a summary.
    public init(finishReason: FinishReason, usage: TokenUsage? = nil) {
        self.finishReason = finishReason
        self.usage = usage
    }
}

/// Why an answer ended, in OpenAI's words.
public struct FinishReason: RawRepresentable, Hashable, Sendable, Codable, CustomStringConvertible {
    /// The word.
    public let rawValue: String

    /// Takes the word as an engine gave it.
    public init(rawValue: String) {
        self.rawValue = rawValue
    }

    /// The model was done, or a stop sequence came.
    public static let stop = FinishReason(rawValue: "stop")
    /// The limit on tokens was reached.
    public static let length = FinishReason(rawValue: "length")
    /// The model wants the caller's tools to be called.
    public static let toolCalls = FinishReason(rawValue: "tool_calls")
    /// The engine held something back.
    public static let contentFilter = FinishReason(rawValue: "content_filter")

    /// The word.
    public var description: String { rawValue }
}

/// Token counts of one generation.
public struct TokenUsage: Hashable, Sendable {
    /// Tokens of the input, as the model's template renders it.
    public var inputTokens: Int
    /// Tokens of the output, reasoning included.
    public var outputTokens: Int

    /// Makes a count.
    public init(inputTokens: Int, outputTokens: Int) {
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
    }
}
