import Testing

@testable import Inference

/// What a command's output amounts to, however it is cut into reads.
@Suite struct ProcessAnswerReaderTests {
    private func answer(
        _ output: ProcessBackend.Output,
        _ text: String,
        stops: [String] = [],
        limit: Int? = nil,
        partSize: Int
    ) throws -> (text: String, tokens: Int, summary: GenerationSummary, wasCut: Bool) {
        var reader = ProcessAnswerReader(format: output, stopSequences: stops, tokenLimit: limit)
        var deltas: [GenerationDelta] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: partSize) {
            deltas += try reader.read(Array(bytes[start..<min(bytes.count, start + partSize)]))
        }
        deltas += try reader.finishReading()
        let pieces = deltas.map { if case .text(let text) = $0.content { text } else { "" } }
        return (pieces.joined(), deltas.reduce(0) { $0 + $1.tokens }, reader.summary, reader.isDone)
    }

    @Test(arguments: [1, 2, 3, 5, 7, 1_000])
    func charactersSurviveAnyCut(partSize: Int) throws {
        let text = "naïve 日本語 👩‍👩‍👧 done"
        let result = try answer(.text, text, partSize: partSize)
        #expect(result.text == text)
        #expect(result.tokens == (text.utf8.count + 3) / 4)
        #expect(result.summary == GenerationSummary(finishReason: .stop))
    }

    @Test(arguments: [1, 3, 64])
    func invalidBytesAreReplacedAndNothingIsHeldForEver(partSize: Int) throws {
        var reader = ProcessAnswerReader(format: .text, stopSequences: [], tokenLimit: nil)
        var text = ""
        let bytes: [UInt8] = [0x61, 0xff, 0x62, 0xe6, 0x97]
        for start in stride(from: 0, to: bytes.count, by: partSize) {
            for delta in try reader.read(Array(bytes[start..<min(bytes.count, start + partSize)])) {
                if case .text(let piece) = delta.content { text += piece }
            }
        }
        for delta in try reader.finishReading() { if case .text(let piece) = delta.content { text += piece } }
        #expect(text == "a\u{fffd}b\u{fffd}")
    }

    @Test(arguments: [1, 4, 9, 1_000])
    func theLimitCutsPlainText(partSize: Int) throws {
        let result = try answer(.text, "0123456789abcdef", limit: 3, partSize: partSize)
        #expect(result.text == "0123456789ab")
        #expect(result.tokens == 3)
        #expect(result.summary.finishReason == .length)
        #expect(result.wasCut)
    }

    @Test func theLimitCutsBeforeACharacterThatDoesNotFit() throws {
        let result = try answer(.text, "abc日本", limit: 1, partSize: 100)
        #expect(result.text == "abc")
        #expect(result.tokens == 1)
    }

    @Test func anAnswerOfExactlyTheLimitIsComplete() throws {
        let result = try answer(.text, "01234567", limit: 2, partSize: 3)
        #expect(result.text == "01234567")
        #expect(result.summary.finishReason == .stop)
        #expect(!result.wasCut)
    }

    @Test(arguments: [1, 2, 100])
    func stopSequencesEndTheAnswer(partSize: Int) throws {
        let result = try answer(.text, "one two END three", stops: ["END"], partSize: partSize)
        #expect(result.text == "one two ")
        #expect(result.summary.finishReason == .stop)
        #expect(result.wasCut)
    }

    @Test(arguments: [1, 10, 1_000])
    func linesOfJSONCarryCounts(partSize: Int) throws {
        let lines = """
            {"text": "Hello", "tokens": 2}

            {"reasoning": "hm", "tokens": 5}
            {"text": " world"}
            {"usage": {"prompt_tokens": 7, "completion_tokens": 8}, "finish_reason": "length"}
            """
        let result = try answer(.jsonLines, lines, partSize: partSize)
        #expect(result.text == "Hello world")
        #expect(result.tokens == 8)
        #expect(result.summary.finishReason == .length)
        #expect(result.summary.usage == TokenUsage(inputTokens: 7, outputTokens: 8))
    }

    @Test func aLineThatIsNoAnswerIsAnError() {
        var reader = ProcessAnswerReader(format: .jsonLines, stopSequences: [], tokenLimit: nil)
        #expect(throws: InferenceError.malformedAnswer(reason: "a line that is no JSON object with \"text\"")) {
            try reader.read(Array("loading model…\n".utf8))
        }
    }

    @Test func anEndlessLineIsAnError() {
        var reader = ProcessAnswerReader(format: .jsonLines, stopSequences: [], tokenLimit: nil)
        #expect(throws: InferenceError.self) {
            for _ in 0...16 { _ = try reader.read([UInt8](repeating: 0x20, count: ProcessAnswerReader.lineLimit / 16)) }
        }
    }
}
