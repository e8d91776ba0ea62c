import Foundation
import Inference
import Testing

@Suite("Generation requests")
struct GenerationRequestTests {
    private func parse(_ json: String) throws -> GenerationRequest { try GenerationRequest(parsing: Array(json.utf8)) }
    private func text(_ request: GenerationRequest) -> String { String(decoding: request.body, as: UTF8.self) }

    @Test("What the market and backends need is parsed, the rest is kept")
    func parsing() throws {
        let json = """
            {"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":[{"type":"text","text":"a"},\
            {"type":"image_url","image_url":{"url":"u"}},{"type":"text","text":"b"}]},{"role":"assistant","content":null,\
            "tool_calls":[]}],"max_tokens":9,"max_completion_tokens":7,"stop":"x","temperature":0.5,"seed":-3,"top_k":1}
            """
        let request = try parse(json)
        #expect(request.model == "m")
        #expect(request.messages == [.system("s"), .user("a\nb"), .assistant("")])
        #expect(request.maximumOutputTokens == 7)
        #expect(request.stopSequences == ["x"])
        #expect(request.temperature == 0.5)
        #expect(request.seed == -3)
        #expect(text(request) == json)
    }

    @Test("Members of odd types are absent, not fatal")
    func lenient() throws {
        let request = try parse(
            #"{"model":"m","messages":[{"role":"user","content":1}],"max_tokens":"9","stop":[1],"temperature":null,"seed":1.5,"n":null}"#
        )
        #expect(request.messages == [.user("")])
        #expect(request.maximumOutputTokens == nil)
        #expect(request.stopSequences == [])
        #expect(request.temperature == nil)
        #expect(request.seed == nil)
    }

    @Test(
        "What no backend could serve, or two readers would read differently, is refused",
        arguments: [
            "", "[]", "null", "{", #"{"model":"m"}"#, #"{"messages":[{"role":"user","content":"a"}]}"#,
            #"{"model":"m","messages":[]}"#, #"{"model":"m","messages":"a"}"#,
            #"{"model":"","messages":[{"role":"user"}]}"#,
            #"{"model":"m","messages":[{"content":"a"}]}"#,
            #"{"model":"m","messages":[{"role":"user","content":"a"}],"n":2}"#,
            #"{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":-1}"#,
            #"{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":1,"max_tokens":2}"#,
            #"{"model":"m","messages":[{"role":"user","content":"a"}],"max_tokens":1,"max_t\u006fkens":2}"#,
            #"{"model":"m","messages":[{"role":"user","content":"a"}]} trailing"#,
        ]
    )
    func refused(_ json: String) {
        let error = #expect(throws: InferenceError.self) { try parse(json) }
        guard case .invalidRequest = error else {
            Issue.record("\(String(describing: error))")
            return
        }
    }

    @Test("Renaming and limiting touch one member and leave all others byte for byte")
    func editing() throws {
        let start = #"{ "z" : 1.10 ,"model" : "m" , "messages":[ {"role":"user","content":"a,\"}]{ \\"} ],"#
        let request = try parse(start + #""tools":[{"b":1,"a":12345678901234567890}] , "x\n\u00e9":-0.0 }"#)
        let renamed = try request.renamingModel(to: "a/\"b\"")
        #expect(
            text(renamed)
                == #"{"z":1.10,"model":"a/\"b\"","messages":[ {"role":"user","content":"a,\"}]{ \\"} ],"#
                + #""tools":[{"b":1,"a":12345678901234567890}],"x\né":-0.0}"#
        )
        #expect(renamed.model == "a/\"b\"")
        let limited = try request.limitingOutput(to: 5)
        #expect(limited.maximumOutputTokens == 5)
        #expect(text(limited).hasSuffix(#""x\né":-0.0,"max_tokens":5}"#))
        // Lowered where present, never raised, in both spellings.
        #expect(try limited.limitingOutput(to: 6).maximumOutputTokens == 5)
        #expect(try text(limited.limitingOutput(to: 4)).hasSuffix(#""max_tokens":4}"#))
        let both = try parse(
            #"{"model":"m","messages":[{"role":"user"}],"max_completion_tokens":10,"max_tokens":null}"#
        )
        #expect(
            try text(both.limitingOutput(to: 3))
                == #"{"model":"m","messages":[{"role":"user"}],"max_completion_tokens":3,"max_tokens":3}"#
        )
    }

    @Test("A request made of its parts parses to them")
    func composing() throws {
        let request = try GenerationRequest(
            model: "org/model",
            messages: [.system("s\n"), .user("\u{1F30D}\"")],
            maximumOutputTokens: 3,
            stopSequences: ["a", "b"],
            temperature: 0.7,
            seed: .max
        )
        #expect(request.messages == [.system("s\n"), .user("\u{1F30D}\"")])
        #expect(request.maximumOutputTokens == 3)
        #expect(request.stopSequences == ["a", "b"])
        #expect(request.temperature == 0.7)
        #expect(request.seed == .max)
        #expect(text(request).contains(#""model":"org/model""#))
        #expect(throws: InferenceError.self) { try GenerationRequest(model: "m", messages: []) }
        #expect(throws: InferenceError.self) {
            try GenerationRequest(model: "m", messages: [.user("a")], temperature: .nan)
        }
    }

    @Test("Twenty thousand mutated requests neither trap nor lose a member")
    func fuzz() async throws {
        var dice = Dice(state: 7)
        let json = Array(
            #"{"model":"m","messages":[{"role":"user","content":"a\"b\\"}],"tools":[{"a":[1,{}]}],"max_tokens":4,"x":null}"#
                .utf8
        )
        var parsed = 0
        for round in 0..<20_000 {
            if round % 100 == 0 { await Task.yield() }
            var bytes = json
            for _ in 0...(dice.next() % 3) where !bytes.isEmpty {
                let index = Int(dice.next() % UInt64(bytes.count))
                switch dice.next() % 4 {
                case 0: bytes[index] = UInt8(truncatingIfNeeded: dice.next())
                case 1: bytes.remove(at: index)
                case 2: bytes.insert(#"{}[]",:\ a1"#.utf8.map { $0 }[Int(dice.next() % 11)], at: index)
                default: bytes.removeLast(bytes.count - index - 1)
                }
            }
            guard let request = try? GenerationRequest(parsing: bytes) else { continue }
            parsed += 1
            let edited = try request.renamingModel(to: "other")
            #expect(edited.model == "other")
            // Foundation's decoder does not look into what nobody asks for, such as a bad escape in an unknown member.
            guard let before = try? JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary else { continue }
            let after = try #require(JSONSerialization.jsonObject(with: Data(edited.body)) as? NSDictionary)
            #expect(before.count == after.count)
        }
        #expect(parsed > 1_000)
    }

    @Test("Neither descriptions nor dumps show the conversation")
    func secrecy() throws {
        let request = try parse(#"{"model":"m","messages":[{"role":"user","content":"SECRET"}]}"#)
        for value in [request, request.messages, request.messages[0]] as [Any] {
            var dumped = ""
            dump(value, to: &dumped)
            for text in ["\(value)", String(reflecting: value), dumped] { #expect(!text.contains("SECRET")) }
        }
    }
}

/// The generator of the toy model, which the public interface does not show.
private struct Dice {
    var state: UInt64

    mutating func next() -> UInt64 {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        return state >> 33
    }
}

@Suite("Counting tokens")
struct OutputMeterTests {
    @Test("Deltas add up, an engine's usage replaces the sum, and bytes bound both")
    func metering() {
        var meter = OutputMeter()
        #expect(meter.tokens == 0)
        #expect(meter.ceiling == 32)
        for _ in 0..<10 { meter.add(GenerationDelta(.text("word"))) }
        meter.add(GenerationDelta(.reasoning("hm"), tokens: 2))
        meter.add(GenerationDelta(.toolCalls([.init(function: .init(name: "f", arguments: "{}"))]), tokens: -5))
        #expect(meter.tokens == 12)
        #expect(meter.bytes == 45)
        #expect(meter.ceiling == 62)
        #expect(meter.finalTokens(usage: nil) == 12)
        #expect(meter.finalTokens(usage: TokenUsage(inputTokens: 1, outputTokens: 20)) == 20)
        #expect(meter.finalTokens(usage: TokenUsage(inputTokens: 1, outputTokens: 3)) == 3)
        #expect(meter.finalTokens(usage: TokenUsage(inputTokens: 1, outputTokens: 100_000)) == 62)
        #expect(meter.finalTokens(usage: TokenUsage(inputTokens: 1, outputTokens: -1)) == 0)
        meter.add(GenerationDelta(.text("a"), tokens: .max))
        #expect(meter.tokens == meter.ceiling)
        #expect(meter.reportedTokens == .max)
    }

    @Test("The ceiling is bytes divided by 1.5, rounded down, plus 32, and never overflows")
    func ceiling() {
        for bytes in 0..<1_000 { #expect(TokenEstimate.outputCeiling(bytes: bytes) == Int(Double(bytes) / 1.5) + 32) }
        #expect(TokenEstimate.outputCeiling(bytes: .max) > 0)
        #expect(TokenEstimate.outputCeiling(bytes: -1) == 32)
    }
}
