import Inference
import JSON

/// What the bytes of an answer mean between provider and client.
///
/// An answer is UTF-8 text. Bytes that never occur in UTF-8 switch to another channel of the same answer:
///
/// | byte | what follows |
/// |---|---|
/// | `0xF8` | text of the answer, as at the beginning |
/// | `0xF9` | text of the reasoning |
/// | `0xFA` | calls of tools: JSON arrays in OpenAI's delta notation, each ended by a line feed |
///
/// So the bytes of a plain answer are its text, and their digest is the text's.
enum AnswerChannel: UInt8, Hashable, Sendable {
    case text = 0xF8
    case reasoning = 0xF9
    case toolCalls = 0xFA
}

/// Turns pieces of an answer into its bytes.
struct AnswerEncoder: Sendable {
    private var channel = AnswerChannel.text

    /// The bytes of the next piece, with a switch of the channel in front where one is needed.
    mutating func encode(_ content: GenerationDelta.Content) -> [UInt8] {
        switch content {
        case .text(let text):
            return switching(to: .text) + Array(text.utf8)
        case .reasoning(let text):
            return switching(to: .reasoning) + Array(text.utf8)
        case .toolCalls(let calls):
            return switching(to: .toolCalls) + JSONValue.array(calls.map(\.json)).serialized() + [UInt8(ascii: "\n")]
        }
    }

    private mutating func switching(to next: AnswerChannel) -> [UInt8] {
        guard next != channel else { return [] }
        channel = next
        return [next.rawValue]
    }
}

extension ToolCallDelta {
    fileprivate var json: JSONValue {
        var members = JSONObject()
        members["index"] = index.map { .signed(Int64($0)) }
        members["id"] = id.map { .string($0) }
        members["type"] = type.map { .string($0) }
        members["function"] = function.map { function in
            var members = JSONObject()
            members["name"] = function.name.map { .string($0) }
            members["arguments"] = function.arguments.map { .string($0) }
            return .object(members)
        }
        return .object(members)
    }
}
