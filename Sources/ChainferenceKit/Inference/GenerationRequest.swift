import JSON

/// What is asked of a backend: an OpenAI chat-completions request.
///
/// The JSON is kept as it came, so that members which the kit does not know reach the engine unchanged: tools, response
/// formats, sampling parameters, and whatever comes next. What backends and the market need is parsed besides, leniently:
/// a member of an unexpected type is taken as absent, because judging it is the engine's business.
public struct GenerationRequest: Sendable {
    /// The request's JSON.
    public let body: [UInt8]
    /// The name of the model that is asked for.
    public let model: String
    /// The conversation.
    public let messages: [ChatMessage]
    /// The most tokens to generate: the smaller of `max_completion_tokens` and `max_tokens`; nil leaves it to the engine.
    public let maximumOutputTokens: Int?
    /// Texts that end the answer, and are not part of it.
    public let stopSequences: [String]
    /// How much chance is let in: 0 takes the likeliest token, 1 samples as the model learned; nil leaves it to the engine.
    public let temperature: Double?
    /// Makes the answer repeatable where the engine supports it.
    public let seed: Int64?

    /// The largest request that is parsed: 16 MiB.
    public static let maximumBodySize = 16 << 20

    /// Parses the JSON of a chat-completions request.
    ///
    /// - Throws: ``InferenceError/invalidRequest(reason:)`` when it is too large, no JSON object, has a member twice, no
    ///   model, no messages, or asks for several answers at once (`n` above 1), whose tokens would be one undivided bill.
    public init(parsing body: [UInt8]) throws(InferenceError) {
        guard body.count <= Self.maximumBodySize else {
            throw .invalidRequest(reason: "it is larger than \(Self.maximumBodySize) bytes")
        }
        let fields: Fields
        do throws(JSONError) {
            let limits = JSONLimits(maximumBytes: Self.maximumBodySize)
            fields = try JSONValue(parsing: body, limits: limits).decode()
        } catch {
            switch error.problem {
            case .duplicateMember: throw .invalidRequest(reason: "a member of its JSON object appears twice")
            default: throw .invalidRequest(reason: "it is not the JSON of a chat-completions request")
            }
        }
        guard let model = fields.model, !model.isEmpty else { throw .invalidRequest(reason: "it names no model") }
        guard let messages = fields.messages, !messages.isEmpty else {
            throw .invalidRequest(reason: "its \"messages\" are missing, empty or not readable")
        }
        guard (fields.n ?? 1) == 1 else { throw .invalidRequest(reason: "\"n\" must be 1") }
        let limits = [fields.maxCompletionTokens, fields.maxTokens].compactMap { $0 }
        guard limits.allSatisfy({ $0 >= 0 }) else { throw .invalidRequest(reason: "its limit on tokens is negative") }

        self.body = body
        self.model = model
        self.messages = messages
        maximumOutputTokens = limits.min()
        stopSequences = fields.stop.filter { !$0.isEmpty }
        temperature = fields.temperature
        seed = fields.seed
    }

    /// Makes a request of its parts.
    ///
    /// - Parameters:
    ///   - model: The name of the model.
    ///   - messages: The conversation; at least one message.
    ///   - maximumOutputTokens: The most tokens to generate, sent as `max_tokens`.
    ///   - stopSequences: Texts that end the answer.
    ///   - temperature: How much chance is let in.
    ///   - seed: Makes the answer repeatable where the engine supports it.
    /// - Throws: ``InferenceError/invalidRequest(reason:)`` for what ``init(parsing:)`` refuses too.
    public init(
        model: String,
        messages: [ChatMessage],
        maximumOutputTokens: Int? = nil,
        stopSequences: [String] = [],
        temperature: Double? = nil,
        seed: Int64? = nil
    ) throws(InferenceError) {
        guard temperature?.isFinite != false else {
            throw .invalidRequest(reason: "the temperature is not a finite number")
        }
        var members: JSONObject = [
            "model": .string(model),
            "messages": .array(messages.map { ["role": .string($0.role), "content": .string($0.text)] }),
        ]
        members["max_tokens"] = maximumOutputTokens.map { .signed(Int64($0)) }
        members["stop"] = stopSequences.isEmpty ? nil : .array(stopSequences.map { .string($0) })
        members["temperature"] = temperature.map { .double($0) }
        members["seed"] = seed.map { .signed($0) }
        try self.init(parsing: JSONValue.object(members).serialized())
    }

    /// The same request for another name of the model; everything else stays byte for byte.
    public func renamingModel(to model: String) throws(InferenceError) -> GenerationRequest {
        try GenerationRequest(parsing: body(setting: [("model", JSONValue.string(model).serialized())]))
    }

    /// The same request with no more output tokens than `limit`; everything else stays byte for byte.
    ///
    /// Lowers `max_completion_tokens` and `max_tokens` where they are present; adds `max_tokens` if neither is.
    public func limitingOutput(to limit: Int) throws(InferenceError) -> GenerationRequest {
        if let maximumOutputTokens, maximumOutputTokens <= limit { return self }
        let members = Self.members(of: body)
        let present = ["max_completion_tokens", "max_tokens"].filter { members?[$0] != nil }
        let names = present.isEmpty ? ["max_tokens"] : present
        return try GenerationRequest(parsing: body(setting: names.map { ($0, Array(String(max(0, limit)).utf8)) }))
    }

    /// The request's JSON with some members replaced or added, and those set to nil removed.
    func body(setting changes: [(name: String, json: [UInt8]?)]) -> [UInt8] {
        guard var members = Self.members(of: body) else { return body }
        for change in changes { members.set(change.name, to: change.json) }
        return members.text
    }

    static func members(of body: [UInt8]) -> JSONMembers? {
        try? JSONMembers(parsing: body, limits: JSONLimits(maximumBytes: maximumBodySize))
    }
}

extension GenerationRequest: CustomStringConvertible, CustomReflectable {
    /// Model and size; never the conversation.
    public var description: String { "request for \(model), \(messages.count) messages, \(body.count) bytes" }

    /// Shows debuggers and `dump` no more than ``description`` does.
    public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// One message of a conversation.
public struct ChatMessage: Hashable, Sendable {
    /// Who speaks: `system`, `user`, `assistant`, `tool`, or what an engine knows beyond these.
    public let role: String
    /// The text; several text parts are joined by line breaks, and parts of other kinds (images, audio) are left out.
    public let text: String

    /// Makes a message.
    public init(role: String, text: String) {
        self.role = role
        self.text = text
    }

    /// An instruction to the model.
    public static func system(_ text: String) -> ChatMessage { ChatMessage(role: "system", text: text) }
    /// What the user says.
    public static func user(_ text: String) -> ChatMessage { ChatMessage(role: "user", text: text) }
    /// What the model said before.
    public static func assistant(_ text: String) -> ChatMessage { ChatMessage(role: "assistant", text: text) }
}

extension ChatMessage: CustomStringConvertible, CustomReflectable {
    /// Role and size; never the text.
    public var description: String { "\(role) (\(text.utf8.count) bytes)" }

    /// Shows debuggers and `dump` no more than ``description`` does.
    public var customMirror: Mirror { Mirror(self, children: ["message": description]) }
}

// MARK: - JSON

/// The members that are parsed, each on its own terms.
private struct Fields: Decodable {
    let model: String?
    let messages: [ChatMessage]?
    let maxTokens: Int?
    let maxCompletionTokens: Int?
    let stop: [String]
    let temperature: Double?
    let seed: Int64?
    let n: Int?

    enum CodingKeys: String, CodingKey {
        case model
        case messages
        case maxTokens = "max_tokens"
        case maxCompletionTokens = "max_completion_tokens"
        case stop
        case temperature
        case seed
        case n
    }

    init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ key: CodingKeys) -> Value? { container.lenient(Value.self, key) }
        model = value(.model)
        messages = (value(.messages) as [Message]?)?.map { ChatMessage(role: $0.role, text: $0.text) }
        maxTokens = value(.maxTokens)
        maxCompletionTokens = value(.maxCompletionTokens)
        stop = value(.stop) ?? (value(.stop) as String?).map { [$0] } ?? []
        temperature = value(.temperature)
        seed = value(.seed)
        n = value(.n)
    }

    struct Message: Decodable {
        let role: String
        let text: String

        enum CodingKeys: String, CodingKey {
            case role
            case content
        }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            role = try container.decode(String.self, forKey: .role)
            if let content = try? container.decode(String.self, forKey: .content) {
                text = content
            } else if let parts = try? container.decode([Part].self, forKey: .content) {
                text = parts.compactMap(\.text).joined(separator: "\n")
            } else {
                // Such as null, beside tool calls.
                text = ""
            }
        }
    }

    struct Part: Decodable {
        let text: String?

        enum CodingKeys: String, CodingKey {
            case text
        }

        init(from decoder: any Decoder) throws {
            let container = try? decoder.container(keyedBy: CodingKeys.self)
            text = try? container?.decode(String.self, forKey: .text)
        }
    }
}
