import ArgumentParser
import ChainferenceKit

/// What is asked for, and for how much.
struct PromptOptions: ParsableArguments {
    @Option(name: [.short, .long], help: "The model's Hugging Face id; “chainference models” lists what is on offer.")
    var model = NGramBackend.modelName

    @Option(
        name: [.short, .long],
        help:
            "The most that may be charged: lamports, or SOL as in 0.0002sol. It is staked; what is not charged returns."
    )
    var budget = Lamports.lamports(200_000)

    @Option(help: "An instruction to the model, before everything else.")
    var system: String?

    @Option(help: "The longest answer, in tokens.")
    var maxTokens: Int?

    @Option(help: "How much chance is let in: 0 for the likeliest words.")
    var temperature: Double?

    @Option(help: "direct goes straight to one server, open lets any server come, automatic does what is possible.")
    var flow = FlowChoice.automatic

    @Flag(help: "Show what a model thinks aloud before it answers.")
    var reasoning = false

    func validate() throws {
        guard (maxTokens ?? 1) > 0 else { throw ValidationError("--max-tokens must be above 0.") }
        guard (temperature ?? 0) >= 0 else { throw ValidationError("--temperature must not be below 0.") }
    }

    func modelID() throws -> ModelID { try ModelID(validating: model) }

    /// The conversation's beginning.
    var opening: [ChatMessage] { system.map { [.system($0)] } ?? [] }

    /// A prompt of these messages.
    func prompt(_ messages: [ChatMessage]) throws -> GenerationRequest {
        try GenerationRequest(
            model: modelID().name,
            messages: messages,
            maximumOutputTokens: maxTokens,
            temperature: temperature
        )
    }
}

/// How a request reaches a server.
enum FlowChoice: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case direct
    case open

    var preference: FlowPreference {
        switch self {
        case .automatic: .automatic
        case .direct: .only(.direct)
        case .open: .only(.open)
        }
    }
}
