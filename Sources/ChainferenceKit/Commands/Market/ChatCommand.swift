public import ArgumentParser
import ChainferenceKit
import Synchronization

/// `chainference chat`: a conversation under one stake.
public struct ChatCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "chat",
        abstract: "Hold a conversation: one stake, one server, any number of questions.",
        discussion: """
            Only the first question waits for the chain. An empty line or Ctrl-D settles and ends the conversation. With \
            --json every line of standard input is a question, and every line of standard output an answer; the last one \
            has the books.
            """
    )

    @OptionGroup var prompt: PromptOptions
    @OptionGroup(title: "Market") var market: MarketOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Converses until the input ends, and settles.
    public func run() async throws {
        let input = InputLines()
        // Nothing is staked before somebody has something to ask.
        guard let first = await Self.question(input, output) else { return }
        let model = try prompt.modelID()
        let client = try await market.client(flow: prompt.flow.preference)
        let books = Mutex<Settlement?>(nil)
        let progress = AnswerProgress(showsReasoning: prompt.reasoning)
        let (output, prompt) = (output, prompt)
        let firstPrompt = try prompt.prompt(prompt.opening + [.user(first)])
        try await interruptible {
            try await client.withSession(model, budget: prompt.budget, for: firstPrompt) { event in
                if case .settled(let settlement) = event { books.withLock { $0 = settlement } }
                if !output.json { progress.show(event) }
            } _: { session in
                var messages = prompt.opening
                var next: String? = first
                while let question = next {
                    messages.append(.user(question))
                    let answer = try await session.ask(prompt.prompt(messages))
                    messages.append(.assistant(answer.text))
                    if output.json { output.print(AnswerReport(answer, model: model)) }
                    next = await Self.question(input, output)
                }
            }
        }
        if output.json, let settlement = books.withLock({ $0 }) { output.print(SettlementReport(settlement)) }
        if !output.json { progress.end() }
    }

    /// The next question; nil at the end.
    private static func question(_ input: InputLines, _ output: OutputOptions) async -> String? {
        if Console.isTyped, !output.json { Console.errorPiece("\n> ") }
        guard let line = await input.next(), line.contains(where: { !$0.isWhitespace }) else { return nil }
        return line
    }
}
