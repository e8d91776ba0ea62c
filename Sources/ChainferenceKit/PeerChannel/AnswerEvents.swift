/// What a server promises when it takes a prompt.
public struct AnswerParameters: Hashable, Sendable {
    /// How many tokens the prompt has, as the server counts and charges them.
    public var inputTokens: UInt32
    /// At most this many tokens will be generated.
    public var maximumOutputTokens: UInt32
    /// How many output tokens the server generates beyond what vouchers cover before it pauses.
    public var voucherWindow: UInt32

    /// Puts the parts together.
    public init(inputTokens: UInt32, maximumOutputTokens: UInt32, voucherWindow: UInt32) {
        self.inputTokens = inputTokens
        self.maximumOutputTokens = maximumOutputTokens
        self.voucherWindow = voucherWindow
    }
}

/// A piece of an answer.
public struct AnswerData: Hashable, Sendable {
    /// Prompt number, cumulative token count and offset, before the bytes.
    static let headerSize = 16

    /// Where the piece begins in the whole answer.
    public var offset: UInt64
    /// The bytes; a piece may end inside a character.
    public var bytes: [UInt8]
    /// How many tokens end within this piece.
    public var tokens: Int
    /// How many tokens have ended up to the end of this piece.
    public var totalTokens: UInt32

    /// Puts the parts together.
    public init(offset: UInt64, bytes: [UInt8], tokens: Int, totalTokens: UInt32) {
        self.offset = offset
        self.bytes = bytes
        self.tokens = tokens
        self.totalTokens = totalTokens
    }
}

/// Why an answer ended.
///
/// Unknown reasons are kept as they are.
public struct PeerFinishReason: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public var rawValue: UInt8

    /// Takes the number on the wire.
    public init(rawValue: UInt8) { self.rawValue = rawValue }

    /// The model came to an end, or to a stop sequence.
    public static let stop = PeerFinishReason(rawValue: 0)
    /// The most tokens allowed were generated.
    public static let length = PeerFinishReason(rawValue: 1)
    /// The model calls tools.
    public static let toolCalls = PeerFinishReason(rawValue: 2)
    /// The backend withheld something.
    public static let contentFilter = PeerFinishReason(rawValue: 3)
    /// The client cancelled.
    public static let cancelled = PeerFinishReason(rawValue: 4)
    /// The server stopped early: the stake, the vouchers or the time ran out.
    public static let limit = PeerFinishReason(rawValue: 5)
}

extension PeerFinishReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .stop: "stop"
        case .length: "length"
        case .toolCalls: "tool_calls"
        case .contentFilter: "content_filter"
        case .cancelled: "cancelled"
        case .limit: "limit"
        default: "reason \(rawValue)"
        }
    }
}

/// The end of an answer: nothing is missing, and this is what it used.
public struct AnswerFinish: Hashable, Sendable {
    /// Why the answer ended.
    public var reason: PeerFinishReason
    /// How many tokens the prompt had.
    public var inputTokens: UInt32
    /// How many tokens were generated.
    public var outputTokens: UInt32
    /// How many bytes the answer has.
    public var length: UInt64
    /// SHA-256 of the answer's bytes.
    public var digest: [UInt8]
    /// The server's signed receipt, if it gave one.
    ///
    /// Its signature has not been checked.
    public var receipt: PeerReceipt?

    /// Puts the parts together.
    public init(
        reason: PeerFinishReason,
        inputTokens: UInt32,
        outputTokens: UInt32,
        length: UInt64,
        digest: [UInt8],
        receipt: PeerReceipt?
    ) {
        self.reason = reason
        self.inputTokens = inputTokens
        self.outputTokens = outputTokens
        self.length = length
        self.digest = digest
        self.receipt = receipt
    }
}

/// What happens in the course of an answer: accepted once, data any number of times, finished once.
///
/// An answer without `finished` is not whole: the sequence throws then.
public enum PeerAnswerEvent: Hashable, Sendable {
    /// The server took the prompt.
    case accepted(AnswerParameters)
    /// The next bytes.
    case data(AnswerData)
    /// The end; length and digest have been checked against what arrived.
    case finished(AnswerFinish)
}
