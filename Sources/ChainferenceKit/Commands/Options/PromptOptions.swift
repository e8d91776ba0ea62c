public import ArgumentParser
public import ChainferenceKit

/// What is asked for, and for how much.
public struct PromptOptions: ParsableArguments, Sendable {
    /// The model's name.
    @Option(name: [.short, .long], help: "The model's Hugging Face id; “chainference models” lists what is on offer.")
    public var model = NGramBackend.modelName

    /// What is staked.
    @Option(
        name: [.short, .long],
        help:
            "The most that may be charged: lamports, or SOL as in 0.0002sol. It is staked; what is not charged returns."
    )
    public var budget = Lamports.lamports(200_000)

    /// The conversation's first message.
    @Option(help: "An instruction to the model, before everything else.")
    public var system: String?

    /// The longest answer.
    @Option(help: "The longest answer, in tokens.")
    public var maxTokens: Int?

    /// The sampling temperature.
    @Option(help: "How much chance is let in: 0 for the likeliest words.")
    public var temperature: Double?

    /// Made by the argument parser.
    public init() {}

    /// Refuses numbers that mean nothing.
    public func validate() throws {
        guard (maxTokens ?? 1) > 0 else { throw ValidationError("--max-tokens must be above 0.") }
        guard (temperature ?? 0) >= 0 else { throw ValidationError("--temperature must not be below 0.") }
        do {
            _ = try modelID()
        } catch {
            throw ValidationError("--model: \(error)")
        }
    }

    /// The model that is named.
    ///
    /// - Throws: What is wrong with the name.
    public func modelID() throws -> ModelID { try ModelID(validating: model) }

    /// The conversation's beginning.
    public var opening: [ChatMessage] { system.map { [.system($0)] } ?? [] }

    /// A prompt of these messages.
    ///
    /// - Throws: What is wrong with them.
    public func prompt(_ messages: [ChatMessage]) throws -> GenerationRequest {
        try GenerationRequest(
            model: modelID().name,
            messages: messages,
            maximumOutputTokens: maxTokens,
            temperature: temperature
        )
    }
}
