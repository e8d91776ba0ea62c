/// Why a backend could not give a complete answer.
///
/// Texts that come from an engine are cut to 300 characters of printable text. They may quote the prompt, so log them with
/// the same care.
public enum InferenceError: Error, Hashable, Sendable {
    /// What was awaited when a deadline passed.
    public enum Phase: Hashable, Sendable {
        /// The first piece of the answer.
        case firstToken
        /// The next piece of the answer.
        case nextToken
        /// The whole answer.
        case wholeAnswer
    }

    /// The request is no chat-completions request that can be served.
    case invalidRequest(reason: String)
    /// The backend has no model of that name.
    case unknownModel(String)
    /// The engine can't be reached or isn't ready.
    case unavailable(reason: String)
    /// The engine has no room; it may have said for how long.
    case overloaded(retryAfter: Duration?)
    /// The engine refused the request for a reason that trying again won't change.
    case refused(status: Int, reason: String)
    /// The engine failed, perhaps in the middle of the answer.
    case engineFailed(reason: String)
    /// The answer broke off: what came is not all.
    case truncated
    /// The engine said something that is no answer.
    case malformedAnswer(reason: String)
    /// A deadline passed.
    case timedOut(Phase, limit: Duration)
}

extension InferenceError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .invalidRequest(let reason):
            "The request can't be served: \(reason)."
        case .unknownModel(let model):
            "The backend has no model \"\(model)\". Ask for one of those that it lists."
        case .unavailable(let reason):
            "The inference engine is not available (\(reason)). Check that it is running and that its address is right."
        case .overloaded(let wait):
            "The inference engine is overloaded. Try again \(wait.map { "in \($0)" } ?? "later")."
        case .refused(let status, let reason):
            "The inference engine refused the request with status \(status): \(reason)"
        case .engineFailed(let reason):
            "The inference engine failed: \(reason)"
        case .truncated:
            "The inference engine ended the answer before it was complete. Ask again."
        case .malformedAnswer(let reason):
            "The inference engine's answer is not readable (\(reason)). Check that the address is an OpenAI-compatible one."
        case .timedOut(let phase, let limit):
            "The inference engine stayed silent for \(limit) while \(phase.sentence) was awaited. It was stopped."
        }
    }
}

extension InferenceError.Phase {
    fileprivate var sentence: String {
        switch self {
        case .firstToken: "the first token"
        case .nextToken: "the next token"
        case .wholeAnswer: "the whole answer"
        }
    }
}
