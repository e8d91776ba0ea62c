public import ArgumentParser
import ChainferenceKit
import Foundation

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

    @Option(
        help: "Keep the server's signed receipt in this file, and beside it prompt and answer in .prompt and .answer.",
        completion: .file()
    )
    var receipt: String?

    @OptionGroup var prompt: PromptOptions
    @OptionGroup var session: SessionOptions
    @OptionGroup(title: "Market") var market: MarketOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Asks, prints, settles.
    public func run() async throws {
        let model = try prompt.modelID()
        let request = try prompt.prompt(prompt.opening + [.user(text())])
        let progress = AnswerProgress(showsReasoning: session.reasoning, showsAnswer: !output.json)
        let (budget, books) = (prompt.budget, SessionBooks())
        let purchase = Purchase(
            market: market,
            options: session,
            model: model,
            budget: budget,
            note: { progress.note($0, $1) }
        )
        let answer = try await interruptible(progress) {
            try await purchase.run(for: request) { client in
                try await client.withSession(model, budget: budget, for: request) { event in
                    books.take(event)
                    progress.show(event)
                } _: { session in
                    try await session.ask(request)
                }
            }
        }
        progress.end()
        if let receipt { try keep(answer.receipt, in: receipt) }
        if output.json { output.print(SessionReport(answers: [AnswerReport(answer, model: model)], books: books)) }
    }

    /// Files that say what was asked and answered are their owner's alone.
    private func keep(_ receipt: AnswerReceipt?, in path: String) throws {
        guard let receipt else { throw ReceiptMissing() }
        for (suffix, bytes) in [
            ("", Array(receipt.file.text.utf8)), (".prompt", receipt.prompt), (".answer", receipt.answer),
        ] {
            guard
                FileManager.default.createFile(
                    atPath: path + suffix,
                    contents: Data(bytes),
                    attributes: [.posixPermissions: 0o600]
                )
            else { throw ReceiptUnwritable(path: path + suffix) }
        }
    }

    private func text() throws -> String {
        if let question, question != "-" {
            guard question.contains(where: { !$0.isWhitespace }) else { throw ValidationError("There is no question.") }
            return question
        }
        if Console.isTyped { Console.error("Type the question; end it with Ctrl-D.") }
        var lines: [String] = []
        while let line = readLine(strippingNewline: false) { lines.append(line) }
        let text = lines.joined()
        guard text.contains(where: { !$0.isWhitespace }) else { throw ValidationError("There is no question.") }
        return text
    }
}

/// The answer came, and nobody signed for it.
struct ReceiptMissing: Error, CustomStringConvertible {
    var description: String { "The server signed no receipt for this answer; there is nothing to keep." }
}

/// The answer came, and its receipt has no place.
struct ReceiptUnwritable: Error, CustomStringConvertible {
    let path: String
    var description: String { "The answer is paid for, but its receipt can't be kept: \(path) can't be written." }
}
