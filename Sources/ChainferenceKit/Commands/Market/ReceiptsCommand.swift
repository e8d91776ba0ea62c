public import ArgumentParser
import ChainferenceKit
import Foundation

/// `chainference receipts`: checks what servers have signed.
public struct ReceiptsCommand: AsyncParsableCommand {
    /// The command's name, texts and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "receipts",
        abstract: "Check a server's signed receipts, offline.",
        discussion: """
            “chainference ask --receipt FILE” keeps the receipt of an answer. It proves that this server's wallet answered \
            this prompt with this answer and counted these tokens; it does not prove that the answer is a good one.
            """,
        subcommands: [Verify.self]
    )

    /// Made by the argument parser.
    public init() {}
}

extension ReceiptsCommand {
    struct Verify: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Check that a receipt is genuine, and for this prompt and this answer."
        )

        @Argument(help: "The receipt's file.", completion: .file())
        var file: String

        @Option(help: "The prompt as it was sent; by default FILE.prompt if it is there.", completion: .file())
        var prompt: String?

        @Option(help: "The answer as it arrived; by default FILE.answer if it is there.", completion: .file())
        var answer: String?

        @OptionGroup var output: OutputOptions

        func run() throws {
            let receipt = try PeerReceiptFile(parsing: String(decoding: Self.read(file), as: UTF8.self))
            let prompt = prompt ?? Self.neighbour(file + ".prompt")
            let answer = answer ?? Self.neighbour(file + ".answer")
            try receipt.verify(prompt: prompt.map(Self.read), answer: answer.map(Self.read))
            output.print(ReceiptReport(receipt, checksPrompt: prompt != nil, checksAnswer: answer != nil))
        }

        private static func neighbour(_ path: String) -> String? {
            FileManager.default.fileExists(atPath: path) ? path : nil
        }

        private static func read(_ path: String) throws -> [UInt8] {
            guard let data = FileManager.default.contents(atPath: path) else {
                throw ValidationError("\(path) can't be read.")
            }
            return Array(data)
        }
    }
}

/// A receipt that has been checked.
struct ReceiptReport: Report {
    let isGenuine: Bool
    let server: String
    let request: String
    let promptNumber: UInt32
    let inputTokens: UInt32
    let outputTokens: UInt32
    let promptChecked: Bool
    let answerChecked: Bool

    init(_ file: PeerReceiptFile, checksPrompt: Bool, checksAnswer: Bool) {
        isGenuine = true
        server = Self.base58(file.serverWallet)
        request = Self.base58(file.receipt.request)
        promptNumber = file.receipt.promptNumber
        inputTokens = file.receipt.inputTokens
        outputTokens = file.receipt.outputTokens
        promptChecked = checksPrompt
        answerChecked = checksAnswer
    }

    private static func base58(_ bytes: [UInt8]) -> String {
        (try? Address(bytes: bytes)).map { "\($0)" } ?? ""
    }

    var text: String {
        var lines = [
            "Genuine: signed by \(server)",
            "for request \(request), prompt \(promptNumber): \(inputTokens) tokens in, \(outputTokens) out.",
        ]
        if promptChecked { lines.append("It is for this prompt.") }
        if answerChecked { lines.append("It is for this answer.") }
        return lines.joined(separator: "\n")
    }
}
