import Testing

@testable import Inference

/// What a stream amounts to, for comparison.
private struct Outcome: Equatable {
    var deltas: [GenerationDelta] = []
    var summary: GenerationSummary?
    var error: InferenceError?

    var text: String {
        deltas.map { if case .text(let text) = $0.content { text } else { "" } }.joined()
    }

    var reasoning: String {
        deltas.map { if case .reasoning(let text) = $0.content { text } else { "" } }.joined()
    }

    init(of chunks: some Sequence<ArraySlice<UInt8>>) {
        var parser = ServerSentEventParser(limit: 100_000)
        var reader = OpenAIStreamReader()
        do {
            for chunk in chunks {
                for event in try parser.read(chunk) { deltas += try reader.read(event) }
            }
            if let event = try parser.finish() { deltas += try reader.read(event) }
            summary = try reader.summary()
        } catch {
            self.error = error as? InferenceError
        }
    }
}

@Suite("Reading event streams")
struct StreamParsingTests {
    @Test("Recorded streams say the same however they are cut in two", arguments: RecordedStream.all)
    func everySplit(_ stream: RecordedStream) {
        let bytes = Array(stream.text.utf8)
        let whole = Outcome(of: [bytes[...]])
        #expect(whole.text == stream.answer)
        #expect(whole.reasoning == stream.reasoning)
        #expect(whole.deltas.reduce(0) { $0 + $1.tokens } == stream.pieces)
        #expect(whole.error == nil)
        #expect(whole.summary?.finishReason.rawValue == stream.finishReason)
        #expect(whole.summary?.usage.map { [$0.inputTokens, $0.outputTokens] } == stream.usage)
        for cut in 0...bytes.count { #expect(Outcome(of: [bytes[..<cut], bytes[cut...]]) == whole) }
        #expect(Outcome(of: bytes.indices.map { bytes[$0...$0] }) == whole)
    }

    @Test(
        "A stream that is cut short never passes for complete before its finish reason",
        arguments: RecordedStream.all
    )
    func everyTruncation(_ stream: RecordedStream) {
        let bytes = Array(stream.text.utf8)
        let whole = Outcome(of: [bytes[...]])
        for length in 0..<bytes.count {
            let part = Outcome(of: [bytes[..<length]])
            #expect(whole.text.hasPrefix(part.text))
            if part.summary == nil { #expect(part.error != nil) } else { #expect(part.text == whole.text) }
        }
    }

    @Test("A hundred thousand random streams: no trap, and chunks do not matter")
    func fuzz() async {
        var dice = SplitMix64(state: 2_026)
        let fragments = [
            "data:", "data: ", "event: error", ":", "\n", "\r", "\r\n", "\n\n", "{", "}", "[DONE]", "\u{feff}", "é",
            "🌍", "\"",
            "{\"choices\":[{\"delta\":{\"content\":\"x\"}}]}", "{\"error\":{\"message\":\"e\"}}", "{\"choices\":[",
            "\0", "id", " ",
            "{\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"usage\":{\"completion_tokens\":-1}}",
        ].map { Array($0.utf8) }
        var completed = 0
        for round in 0..<100_000 {
            // Leaves the processor to tests that wait for something.
            if round % 100 == 0 { await Task.yield() }
            var bytes: [UInt8] = []
            for _ in 0..<(dice.next() % 12) {
                if dice.next() % 8 == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: dice.next()))
                } else {
                    bytes += fragments[Int(dice.next() % UInt64(fragments.count))]
                }
            }
            let cut = Int(dice.next() % UInt64(bytes.count + 1))
            let whole = Outcome(of: [bytes[...]])
            let parts = Outcome(of: [bytes[..<cut], bytes[cut...]])
            if whole != parts { Issue.record("\(bytes) cut at \(cut)") }
            if whole.summary != nil { completed += 1 }
        }
        // The fragments are good enough to get through.
        #expect(completed > 100)
    }

    @Test("Lines and events without end are refused at the limit")
    func limit() throws {
        for unit in ["a", "data: aaaaaaaa\n", ": aaaaaaaaaaaaaa\n"] {
            var parser = ServerSentEventParser(limit: 100)
            let isComment = unit.hasPrefix(":")
            var refused = false
            do {
                for _ in 0..<200 { _ = try parser.read(unit.utf8) }
            } catch {
                refused = error.limit == 100
            }
            #expect(refused == !isComment)
        }
    }

    @Test("Errors in mid-stream, in the words of several servers")
    func errors() {
        let cases = [
            (#"data: {"error":{"message":"out of memory","type":"server_error","code":500}}"#, "out of memory"),
            (#"data: {"error":"model runner has\nunexpectedly stopped"}"#, "model runner has unexpectedly stopped"),
            (#"data: {"object":"error","message":"too long","code":400}"#, "too long"),
            (#"data: {"error":{"code":13}}"#, "no explanation"),
            ("event: error\ndata: it broke", "it broke"),
        ]
        for (text, reason) in cases {
            let stream = "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}]}\n\n\(text)\n\n"
            let outcome = Outcome(of: [Array(stream.utf8)[...]])
            #expect(outcome.text == "x")
            #expect(outcome.error == .engineFailed(reason: reason))
        }
        let noJSON = Outcome(of: [Array("data: <html>\n\n".utf8)[...]])
        #expect(noJSON.error == .malformedAnswer(reason: "an event is not a JSON object"))
        #expect(Outcome(of: [[]]).error == .truncated)
    }

    @Test("Fragments of tool calls pass with their indices")
    func toolCalls() {
        let stream = """
            data: {"choices":[{"delta":{"tool_calls":[{"index":0,"id":"c1","type":"function","function":{"name":"f","arguments":""}}]}}]}

            data: {"choices":[{"delta":{"tool_calls":[{"index":0,"function":{"arguments":"{\\"a\\":1}"}}]},"finish_reason":"tool_calls"}]}

            data: [DONE]


            """
        let outcome = Outcome(of: [Array(stream.utf8)[...]])
        #expect(
            outcome.deltas.map(\.content) == [
                .toolCalls([.init(index: 0, id: "c1", type: "function", function: .init(name: "f", arguments: ""))]),
                .toolCalls([.init(index: 0, function: .init(arguments: "{\"a\":1}"))]),
            ]
        )
        #expect(outcome.summary?.finishReason == .toolCalls)
    }

    @Test("What an engine says about itself is cut to one printable line")
    func engineText() {
        #expect(EngineText.shortened(" a\n\n\tb\u{1b}[31m\u{202e}c ") == "a b [31mc")
        #expect(EngineText.shortened(String(repeating: "x", count: 1_000)).count == 301)
        let page = "<!DOCTYPE html><HTML><head><Title>502 Bad\nGateway</TITLE></head>"
        #expect(EngineText.describe(body: Array(page.utf8)) == "an HTML page, \"502 Bad Gateway\"")
        #expect(EngineText.describe(body: Array("<html>".utf8)) == "an HTML page")
        #expect(EngineText.describe(body: []) == "no explanation")
        #expect(EngineText.describe(body: [0xff, 0x41]) == "\u{fffd}A")
    }
}

@Suite("Stop sequences")
struct StopSequenceFilterTests {
    @Test("However the text is cut, it ends before the earliest stop sequence")
    func everySplit() {
        let cases: [(String, [String], String, Bool)] = [
            ("one two three", ["two"], "one ", true),
            ("one two three", ["twx", "four"], "one two three", false),
            ("aab", ["ab"], "a", true),
            ("abcZ", ["abcX", "b"], "a", true),
            ("abc", ["abcX", "b"], "a", true),
            ("ends with tw", ["two"], "ends with tw", false),
            ("é\n\nUser: x", ["\nUser:"], "é\n", true),
            ("🌍🌏", ["🌏"], "🌍", true),
            ("abc", [], "abc", false),
            ("abc", [""], "abc", false),
        ]
        for (text, stops, expected, hasStopped) in cases {
            let characters = Array(text)
            for cut in 0...characters.count {
                var filter = StopSequenceFilter(stops)
                var result = filter.pass(String(characters[..<cut]))
                result += filter.pass(String(characters[cut...]))
                result += filter.finish()
                #expect(result == expected, "\(text) at \(cut)")
                #expect(filter.hasStopped == hasStopped)
            }
        }
    }
}
