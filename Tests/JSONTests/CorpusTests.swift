import Foundation
import JSON
import Testing

/// Texts that Python's parser has judged (`generate.py`), most of them such as other parsers got wrong.
@Suite("JSON against other parsers")
struct CorpusTests {
    private struct Case: Decodable {
        let name: String
        let text: Data
        let isJSON: Bool
        let value: String?
    }

    private let cases: [Case]

    init() throws {
        let url = try #require(Bundle.module.url(forResource: "Corpus/cases", withExtension: "json"))
        cases = try JSONDecoder().decode([Case].self, from: Data(contentsOf: url))
        #expect(cases.count > 450)
    }

    @Test("Accepts what Python accepts, refuses what it refuses, and reads the same value")
    func python() throws {
        for one in cases {
            let parsed = try? JSONValue(parsing: one.text)
            #expect((parsed != nil) == one.isJSON, "\(one.name)")
            guard let parsed, let value = one.value else { continue }
            // Foundation's decoder reads Python's text, so that this parser does not judge itself.
            let foundation = try JSONDecoder().decode(JSONValue.self, from: Data(value.utf8))
            #expect(Self.agree(parsed, foundation), "\(one.name): \(parsed) instead of \(value)")
            #expect(try JSONValue(parsing: parsed.serialized()) == parsed, "\(one.name)")
            #expect(try JSONValue(parsing: parsed.serialized(.indented)) == parsed, "\(one.name)")
        }
    }

    @Test("Foundation reads back what this writes")
    func foundation() throws {
        for one in cases where one.isJSON {
            let value = try JSONValue(parsing: one.text)
            let read = try JSONDecoder().decode(JSONValue.self, from: Data(value.serialized()))
            #expect(Self.agree(value, read), "\(one.name)")
            let written = try JSONEncoder().encode(value)
            #expect(Self.agree(value, try JSONValue(parsing: written)), "\(one.name)")
        }
    }

    @Test("Truncated anywhere, a text is refused or was a number")
    func truncated() throws {
        for one in cases where one.isJSON && one.text.count < 400 {
            for length in 0..<one.text.count {
                let rest = one.text.prefix(length)
                let foundation = try? JSONSerialization.jsonObject(with: rest, options: .fragmentsAllowed)
                let parsed = try? JSONValue(parsing: rest)
                #expect((parsed != nil) == (foundation != nil), "\(one.name) to \(length) bytes")
            }
        }
    }

    /// Whether two values are the same to a reader of numbers: Foundation shows `1.0` and `-0.0` as whole.
    private static func agree(_ one: JSONValue, _ other: JSONValue) -> Bool {
        switch (one, other) {
        case (.array(let one), .array(let other)):
            one.count == other.count && zip(one, other).allSatisfy { agree($0, $1) }
        case (.object(let one), .object(let other)):
            one.count == other.count
                && one.allSatisfy { member in other[member.key].map { agree(member.value, $0) } ?? false }
        case (.double(let number), .unsigned(let whole)), (.unsigned(let whole), .double(let number)):
            number == Double(whole)
        case (.double(let number), .negative(let whole)), (.negative(let whole), .double(let number)):
            number == Double(whole)
        default: one == other
        }
    }
}
