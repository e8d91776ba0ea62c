import Inference

/// Counts tokens as a model's own tokenizer does, for clients that have it.
///
/// Without one a client believes a server's count up to what the bytes can hold, which a dishonest server can use up; with
/// one it believes the exact count and a little more, because models may write a text in more tokens than its tokenizer would.
public protocol TokenCounter: Sendable {
    /// How many tokens a text has.
    ///
    /// Asked for the whole answer so far, about once for each record that arrives, while nothing else goes on in the
    /// session: it should take less than a tenth of a second for the longest answer.
    ///
    /// - Parameters:
    ///   - text: The answer so far, with reasoning and the arguments of tool calls.
    ///   - model: The model's Hugging Face id.
    /// - Returns: The count; nil for a model whose tokenizer is not at hand.
    func tokens(of text: String, model: String) -> Int?
}

/// The exact count of a session's answers, as a bound for what a server may report.
struct ExactCount: Sendable {
    private let counter: any TokenCounter
    private let model: String
    private var finished: UInt64 = 0
    private var text = ""

    init(_ counter: any TokenCounter, model: String) {
        self.counter = counter
        self.model = model
    }

    /// Takes in a piece of the answer that is arriving.
    mutating func take(_ contents: [GenerationDelta.Content]) {
        for content in contents {
            switch content {
            case .text(let piece), .reasoning(let piece): text += piece
            case .toolCalls(let calls):
                for call in calls { text += (call.function?.name ?? "") + (call.function?.arguments ?? "") }
            }
        }
    }

    /// The most output tokens that the session's answers may be said to have: the exact count, a twentieth, and eight.
    var bound: UInt64? {
        guard let count = counter.tokens(of: text, model: model) else { return nil }
        let (sum, overflow) = finished.addingReportingOverflow(UInt64(max(0, count)))
        let (bound, tooMuch) = sum.addingReportingOverflow(sum / 20 + 8)
        return overflow || tooMuch ? .max : bound
    }

    /// The answer is over; the next one begins.
    mutating func finish() {
        let (sum, overflow) = finished.addingReportingOverflow(
            UInt64(max(0, counter.tokens(of: text, model: model) ?? 0))
        )
        finished = overflow ? .max : sum
        text = ""
    }
}
