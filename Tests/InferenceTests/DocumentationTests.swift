import Foundation
import Inference
import Testing

@Suite("Writing a backend")
struct DocumentationTests {
    @Test("The documentation shows the example that is compiled and tested here")
    func sameText() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let guide = tests.appending(path: "../../Documentation/writing-a-backend.md").standardizedFileURL
        let example = try String(contentsOf: tests.appending(path: "ShoutBackend.swift"), encoding: .utf8)
        let text = try String(contentsOf: guide, encoding: .utf8)
        #expect(text.contains("```swift\n\(example)```\n"))
    }

    @Test("The example answers, keeps the limit and refuses what it does not have")
    func example() async throws {
        let backend = ShoutBackend()
        #expect(try await backend.models() == ["example/shout"])
        let request = try GenerationRequest(model: "example/shout", messages: [.user("be very quiet")])
        let gathered = Gathered()
        let summary = try await backend.generate(request, into: gathered.output)
        #expect(gathered.text == "BE VERY QUIET ")
        #expect(summary.usage == TokenUsage(inputTokens: 3, outputTokens: 3))
        let short = try await backend.generate(request.limitingOutput(to: 2), into: Gathered().output)
        #expect(short.finishReason == .length)
        await #expect(throws: InferenceError.unknownModel("other")) {
            try await backend.generate(request.renamingModel(to: "other"), into: Gathered().output)
        }
    }
}
