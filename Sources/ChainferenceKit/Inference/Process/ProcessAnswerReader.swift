#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the bytes that a command writes amount to.
///
/// A pure state machine: bytes in, pieces of the answer out, and at the end a summary. It holds back what is no whole
/// character, no whole line, or may be the beginning of a stop sequence.
struct ProcessAnswerReader {
    /// The longest line of JSON that is read: 1 MiB.
    static let lineLimit = 1 << 20

    private let format: ProcessBackend.Output
    private let tokenLimit: Int
    private var stops: StopSequenceFilter
    private var held: [UInt8] = []
    private var tokens = 0
    private var finish: FinishReason?
    private var usage: TokenUsage?
    /// Bytes of plain text so far: four are a token, and a part of four is one too.
    private var textBytes = 0

    init(format: ProcessBackend.Output, stopSequences: [String], tokenLimit: Int?) {
        self.format = format
        self.tokenLimit = tokenLimit ?? .max
        stops = StopSequenceFilter(stopSequences)
    }

    /// Whether the answer has ended before the command did: at a stop sequence, or at the limit on tokens.
    private(set) var isDone = false

    /// Takes bytes and returns the pieces that they complete.
    mutating func read(_ bytes: [UInt8]) throws(InferenceError) -> [GenerationDelta] {
        guard !isDone else { return [] }
        held += bytes
        switch format {
        case .text:
            return limited(textDelta(takeCharacters()))
        case .jsonLines:
            var deltas: [GenerationDelta] = []
            while let end = held.firstIndex(of: 0x0a) {
                let line = Array(held[..<end])
                held.removeFirst(end + 1)
                deltas += try read(line: line)
            }
            guard held.count <= Self.lineLimit else {
                throw .malformedAnswer(reason: "a line of more than \(Self.lineLimit) bytes")
            }
            return limited(deltas)
        }
    }

    /// Takes the end of the output and returns what was held back.
    mutating func finishReading() throws(InferenceError) -> [GenerationDelta] {
        guard !isDone else { return [] }
        var deltas: [GenerationDelta] = []
        switch format {
        case .text:
            deltas = textDelta(String(decoding: held, as: UTF8.self))
        case .jsonLines:
            if !held.isEmpty { deltas = try read(line: held) }
        }
        held = []
        deltas = limited(deltas)
        let rest = isDone ? "" : stops.finish()
        return rest.isEmpty ? deltas : deltas + [GenerationDelta(.text(rest), tokens: 0)]
    }

    /// How the answer ended.
    var summary: GenerationSummary { GenerationSummary(finishReason: finish ?? .stop, usage: usage) }

    /// All whole characters that are held; bytes that can't become one any more go with them, to be replaced by U+FFFD.
    private mutating func takeCharacters() -> String {
        // At most the last three bytes may be the beginning of a character that is not complete.
        var end = held.count
        for length in 1...3 where length <= held.count {
            let byte = held[held.count - length]
            if byte & 0b1100_0000 == 0b1000_0000 { continue }
            let needed = byte >= 0b1111_0000 ? 4 : byte >= 0b1110_0000 ? 3 : byte >= 0b1100_0000 ? 2 : 1
            if needed > length { end = held.count - length }
            break
        }
        defer { held.removeFirst(end) }
        return String(decoding: held[..<end], as: UTF8.self)
    }

    /// A piece of plain text, cut to what the limit on tokens leaves of it.
    private mutating func textDelta(_ text: String) -> [GenerationDelta] {
        guard !text.isEmpty else { return [] }
        let before = (textBytes + 3) / 4
        let room = tokenLimit > .max / 4 ? Int.max : tokenLimit * 4 - textBytes
        guard text.utf8.count > room else {
            textBytes += text.utf8.count
            return [GenerationDelta(.text(text), tokens: (textBytes + 3) / 4 - before)]
        }
        var end = text.utf8.index(text.startIndex, offsetBy: max(0, room))
        while end.samePosition(in: text.unicodeScalars) == nil { end = text.utf8.index(before: end) }
        let part = String(text[..<end])
        textBytes = tokenLimit * 4
        // The second one is what ends the answer; see ``limited(_:)``.
        return [
            GenerationDelta(.text(part), tokens: tokenLimit - before),
            GenerationDelta(.text(String(text[end...])), tokens: 1),
        ]
    }

    private struct Line: Decodable {
        struct Usage: Decodable {
            let promptTokens: Int?
            let completionTokens: Int

            enum CodingKeys: String, CodingKey {
                case promptTokens = "prompt_tokens"
                case completionTokens = "completion_tokens"
            }
        }

        let text: String?
        let reasoning: String?
        let tokens: Int?
        let usage: Usage?
        let finishReason: String?
        let error: String?

        enum CodingKeys: String, CodingKey {
            case text, reasoning, tokens, usage, error
            case finishReason = "finish_reason"
        }
    }

    private mutating func read(line bytes: [UInt8]) throws(InferenceError) -> [GenerationDelta] {
        guard !bytes.allSatisfy({ $0 == 0x20 || $0 == 0x09 || $0 == 0x0d }) else { return [] }
        guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else {
            throw .malformedAnswer(reason: "a line that is no JSON object with \"text\"")
        }
        if let error = line.error { throw .engineFailed(reason: EngineText.shortened(error)) }
        if let reason = line.finishReason { finish = FinishReason(rawValue: reason) }
        if let usage = line.usage, usage.completionTokens >= 0 {
            self.usage = TokenUsage(inputTokens: max(0, usage.promptTokens ?? 0), outputTokens: usage.completionTokens)
        }
        let tokens = max(0, line.tokens ?? 1)
        var deltas: [GenerationDelta] = []
        if let reasoning = line.reasoning { deltas.append(GenerationDelta(.reasoning(reasoning), tokens: tokens)) }
        if let text = line.text {
            deltas.append(GenerationDelta(.text(text), tokens: line.reasoning == nil ? tokens : 0))
        }
        return deltas
    }

    /// Keeps the limit on tokens and the stop sequences.
    private mutating func limited(_ deltas: [GenerationDelta]) -> [GenerationDelta] {
        var result: [GenerationDelta] = []
        for var delta in deltas where !isDone {
            let (sum, overflow) = tokens.addingReportingOverflow(delta.tokens)
            guard !overflow, sum <= tokenLimit else {
                isDone = true
                finish = .length
                usage = nil
                break
            }
            tokens = sum
            if case .text(let text) = delta.content {
                delta.content = .text(stops.pass(text))
                if stops.hasStopped {
                    isDone = true
                    finish = .stop
                }
            }
            result.append(delta)
        }
        return result
    }
}
