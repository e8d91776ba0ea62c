public import ArgumentParser
import ChainferenceKit

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
    @OptionGroup var session: SessionOptions
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
        let progress = AnswerProgress(showsReasoning: session.reasoning, showsAnswer: !output.json)
        let (output, prompt, books) = (output, prompt, SessionBooks())
        let firstPrompt = try prompt.prompt(prompt.opening + [.user(first)])
        let purchase = Purchase(
            market: market,
            options: session,
            model: model,
            budget: prompt.budget,
            note: { progress.note($0, $1) }
        )
        try await interruptible(progress) {
            try await purchase.run(for: firstPrompt) { client in
                try await client.withSession(model, budget: prompt.budget, for: firstPrompt) { event in
                    books.take(event)
                    progress.show(event)
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
        }
        progress.end()
        if output.json { output.print(BooksReport(books)) }
    }

    /// The next question; nil at the end.
    private static func question(_ input: InputLines, _ output: OutputOptions) async -> String? {
        if Console.isTyped, !output.json { Console.errorPiece("\n> ") }
        guard let line = await input.next(), line.contains(where: { !$0.isWhitespace }) else { return nil }
        return line
    }
}
