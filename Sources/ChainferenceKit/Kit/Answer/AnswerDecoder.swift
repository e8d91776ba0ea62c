import Inference
import JSON

/// Turns the bytes of an answer back into its pieces, however they were cut on the way.
///
/// Nothing in the bytes is trusted: what is no UTF-8 comes out as U+FFFD, tool calls that are no JSON or too long are left
/// out, and nothing traps. What is held back is at most three bytes of a character or one line of tool calls.
struct AnswerDecoder: Sendable {
    /// The longest line of tool calls, in bytes.
    static let maximumLine = 1 << 20

    private var channel = AnswerChannel.text
    private var held: [UInt8] = []
    private var lineIsTooLong = false

    /// The pieces that are complete with these bytes.
    mutating func take(_ bytes: some Sequence<UInt8>) -> [GenerationDelta.Content] {
        var contents: [GenerationDelta.Content] = []
        for byte in bytes {
            if let next = AnswerChannel(rawValue: byte) {
                flush(into: &contents)
                channel = next
            } else if channel == .toolCalls {
                takeToolCalls(byte, into: &contents)
            } else {
                held.append(byte)
            }
        }
        if channel != .toolCalls { emitText(keepingTail: true, into: &contents) }
        return contents
    }

    /// What is left when nothing follows; an incomplete character comes out as U+FFFD.
    mutating func finish() -> [GenerationDelta.Content] {
        var contents: [GenerationDelta.Content] = []
        flush(into: &contents)
        return contents
    }

    private mutating func flush(into contents: inout [GenerationDelta.Content]) {
        if channel == .toolCalls {
            held.removeAll()
            lineIsTooLong = false
        } else {
            emitText(keepingTail: false, into: &contents)
        }
    }

    private mutating func takeToolCalls(_ byte: UInt8, into contents: inout [GenerationDelta.Content]) {
        guard byte == UInt8(ascii: "\n") else {
            if held.count < Self.maximumLine { held.append(byte) } else { lineIsTooLong = true }
            return
        }
        if !lineIsTooLong, let calls = try? JSONValue(parsing: held).decode([ToolCallDelta].self),
            !calls.isEmpty
        {
            contents.append(.toolCalls(calls))
        }
        held.removeAll()
        lineIsTooLong = false
    }

    private mutating func emitText(keepingTail: Bool, into contents: inout [GenerationDelta.Content]) {
        let complete = held.count - (keepingTail ? Self.incompleteSuffix(of: held) : 0)
        guard complete > 0 else { return }
        let text = String(decoding: held[..<complete], as: UTF8.self)
        held.removeFirst(complete)
        contents.append(channel == .reasoning ? .reasoning(text) : .text(text))
    }

    /// How many bytes at the end begin a character that could still be completed.
    private static func incompleteSuffix(of bytes: [UInt8]) -> Int {
        for back in 1...3 where back <= bytes.count {
            let byte = bytes[bytes.count - back]
            guard byte & 0b1100_0000 != 0b1000_0000 else { continue }
            let length =
                switch byte {
                case 0xC2...0xDF: 2
                case 0xE0...0xEF: 3
                case 0xF0...0xF4: 4
                default: 1
                }
            return length > back ? back : 0
        }
        return 0
    }
}
