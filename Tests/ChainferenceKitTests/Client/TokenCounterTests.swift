import Inference
import InferenceMarket
import Testing

@testable import ChainferenceKit

/// A tokenizer of words.
private struct Words: TokenCounter {
    func tokens(of text: String, model: String) -> Int? {
        model == "test/words" ? text.split(separator: " ").count : nil
    }
}

@Suite("A client with the model's tokenizer believes its count and not what the bytes can hold")
struct TokenCounterTests {
    private let terms = Terms(outputPrice: .lamports(1_000_000), inputPrice: .free, minimumCharge: .zero)

    @Test("A count that the bytes could hold is refused when the text does not have so many tokens")
    func refused() throws {
        var exact = ExactCount(Words(), model: "test/words")
        exact.take([.text(String(repeating: "fourteen-bytes ", count: 100))])
        let bound = try #require(exact.bound)
        #expect(bound == 100 + 5 + 8)
        var trusting = ClientMeter(terms: terms, stake: 1_000_000)
        try trusting.receive(outputTokens: 900, bytes: 1_500)
        var strict = ClientMeter(terms: terms, stake: 1_000_000)
        #expect(throws: ClientMeter.Fault.tooManyOutputTokens(reported: 900, plausible: bound)) {
            try strict.receive(outputTokens: 900, bytes: 1_500, bound: bound)
        }
        #expect(strict.usage == .zero)
        try strict.receive(outputTokens: bound, bytes: 1_500, bound: bound)
    }

    @Test("Answers of one session add up, with reasoning and the arguments of tool calls")
    func severalAnswers() {
        var exact = ExactCount(Words(), model: "test/words")
        exact.take([.reasoning("let me "), .text("see now ")])
        exact.take([.toolCalls([ToolCallDelta(index: 0, function: .init(name: "look ", arguments: "here"))])])
        #expect(exact.bound == 6 + 8)
        exact.finish()
        exact.take([.text("and more")])
        #expect(exact.bound == 8 + 8)
    }

    @Test("Without the tokenizer of the model at hand the bytes decide")
    func unknownModel() {
        var exact = ExactCount(Words(), model: "test/other")
        exact.take([.text("whatever")])
        #expect(exact.bound == nil)
    }
}
