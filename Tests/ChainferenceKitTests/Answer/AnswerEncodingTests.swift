import Inference
import Testing

@testable import ChainferenceKit

@Suite("The bytes of an answer")
struct AnswerEncodingTests {
    private func merged(_ contents: [GenerationDelta.Content]) -> [GenerationDelta.Content] {
        contents.reduce(into: []) { result, content in
            switch (result.last, content) {
            case (.text(let before), .text(let next)): result[result.count - 1] = .text(before + next)
            case (.reasoning(let before), .reasoning(let next)): result[result.count - 1] = .reasoning(before + next)
            default: result.append(content)
            }
        }
    }

    @Test("A plain answer's bytes are its text")
    func plain() {
        var encoder = AnswerEncoder()
        let bytes = encoder.encode(.text("Grüße, ")) + encoder.encode(.text("世界 🌍"))
        #expect(bytes == Array("Grüße, 世界 🌍".utf8))
    }

    @Test("Text, reasoning and tool calls come back, however the bytes are cut")
    func roundTrip() {
        let call = ToolCallDelta(
            index: 0,
            id: "a",
            type: "function",
            function: .init(name: "f", arguments: "{\"x\": \"line\\nbreak ü\"}")
        )
        let contents: [GenerationDelta.Content] = [
            .reasoning("hm… 🤔"), .text("So "), .text("ist es."), .toolCalls([call]), .toolCalls([call, call]),
            .text("é"),
        ]
        var encoder = AnswerEncoder()
        let bytes = contents.flatMap { encoder.encode($0) }
        for size in 1...bytes.count {
            var decoder = AnswerDecoder()
            var decoded: [GenerationDelta.Content] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                decoded += decoder.take(bytes[start..<min(start + size, bytes.count)])
            }
            decoded += decoder.finish()
            #expect(merged(decoded) == merged(contents), "cut every \(size) bytes")
        }
    }

    @Test("Hostile bytes never trap, and are never lost silently as text")
    func hostile() {
        var random = SplitMix64(seed: 5)
        for _ in 0..<5_000 {
            var decoder = AnswerDecoder()
            for _ in 0..<Int.random(in: 0...6, using: &random) {
                let bytes = (0..<Int.random(in: 0...20, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                _ = decoder.take(bytes)
            }
            _ = decoder.finish()
        }
        var decoder = AnswerDecoder()
        #expect(decoder.take([0x61, 0xFF, 0x62]) == [.text("a\u{FFFD}b")])
        #expect(decoder.take([0xE4, 0xB8]) == [])
        #expect(decoder.finish() == [.text("\u{FFFD}")])
        #expect(decoder.take([0xFA] + Array("not json\n".utf8) + [0xF8] + Array("x".utf8)) == [.text("x")])
    }

    @Test("A line of tool calls without an end is not kept beyond its limit")
    func bounded() {
        var decoder = AnswerDecoder()
        _ = decoder.take([0xFA])
        let line = [UInt8](repeating: 0x31, count: 1 << 16)
        for _ in 0..<40 { #expect(decoder.take(line).isEmpty) }
        #expect(decoder.take([0x0A]).isEmpty)
        #expect(decoder.finish().isEmpty)
    }
}
