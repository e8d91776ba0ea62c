public import ArgumentParser
import ChainferenceKit
import Synchronization

/// `chainference ask`: one question, one answer.
public struct AskCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "ask",
        abstract: "Ask one question and print the answer.",
        discussion: """
            Without a question it reads one from standard input, so that files can be asked about: \
            chainference ask --system "Summarize." < notes.txt
            """
    )

    @Argument(help: "The question; “-” or nothing reads it from standard input.")
    var question: String?

    @OptionGroup var prompt: PromptOptions
    @OptionGroup(title: "Market") var market: MarketOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Asks, prints, settles.
    public func run() async throws {
        let model = try prompt.modelID()
        let request = try prompt.prompt(prompt.opening + [.user(text())])
        let client = try await market.client(flow: prompt.flow.preference)
        let books = Mutex<Settlement?>(nil)
        let progress = AnswerProgress(showsReasoning: prompt.reasoning)
        let (quiet, budget) = (output.json, prompt.budget)
        let answer = try await interruptible {
            try await client.withSession(model, budget: budget, for: request) { event in
                if case .settled(let settlement) = event { books.withLock { $0 = settlement } }
                if !quiet { progress.show(event) }
            } _: { session in
                try await session.ask(request)
            }
        }
        guard quiet else { return progress.end() }
        output.print(
            SessionReport(
                answers: [AnswerReport(answer, model: model)],
                settlement: books.withLock { $0 }.map { SettlementReport($0) }
            )
        )
    }

    private func text() throws -> String {
        if let question, question != "-" { return question }
        if Console.isTyped { Console.error("Type the question; end it with Ctrl-D.") }
        var lines: [String] = []
        while let line = readLine(strippingNewline: false) { lines.append(line) }
        let text = lines.joined()
        guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("There is no question.") }
        return text
    }
}
