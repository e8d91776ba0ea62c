import Foundation
import Testing

@Suite("Testing what you build on the market")
struct DocumentationTests {
    @Test("The documentation shows the tests that are compiled and run here")
    func sameText() throws {
        let tests = URL(filePath: #filePath).deletingLastPathComponent()
        let guide = tests.appending(path: "../../Documentation/testing.md").standardizedFileURL
        let sample = try String(contentsOf: tests.appending(path: "SummaryTests.swift"), encoding: .utf8)
        #expect(try String(contentsOf: guide, encoding: .utf8).contains("```swift\n\(sample)```\n"))
    }
}
