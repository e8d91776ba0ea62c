/// Counts the output tokens of one generation, by the rule that both sides of the market can check.
///
/// There are three sources, and none is perfect:
///
/// * **While the answer streams**, each delta counts as the number of tokens that the backend gave it: 1 unless the engine
///   says otherwise. An engine sends at most one piece per token, because a token that ends within a character is held
///   back, and it may send several tokens in one piece (speculative decoding, batching, held-back stop sequences). So the
///   count of deltas is never above the truth and sometimes below; the difference is the provider's.
/// * **At the end**, an engine's own `usage` replaces the sum, because it is exact where it exists. It may be higher (see
///   above) or lower.
/// * **Always**, the client refuses to pay for more than the bytes that it received can plausibly be: ``ceiling``, bytes ÷
///   1.5 + 32. It is on the honest side for every common tokenizer and text (English has about 4 bytes per token, dense
///   code about 3, CJK text and emoji between 1.5 and 3). Hidden reasoning that is never delivered is not paid for.
///
/// A provider that meters with this type therefore never counts what an honest client would refuse.
public struct OutputMeter: Hashable, Sendable {
    /// The sum of the deltas' own counts.
    public private(set) var reportedTokens = 0
    /// The bytes of generated text that were delivered.
    public private(set) var bytes = 0

    /// Starts at nothing.
    public init() {}

    /// Adds a delta that was delivered; negative counts are taken as 0.
    public mutating func add(_ delta: GenerationDelta) {
        reportedTokens = Self.sum(reportedTokens, max(0, delta.tokens))
        bytes = Self.sum(bytes, delta.content.byteCount)
    }

    /// The most tokens that the delivered bytes may count as.
    public var ceiling: Int { TokenEstimate.outputCeiling(bytes: bytes) }

    /// The tokens that count so far.
    public var tokens: Int { min(reportedTokens, ceiling) }

    /// The tokens that count in the end.
    ///
    /// - Parameter usage: What the engine counted, or nil if it does not.
    /// - Returns: The engine's count, or else the sum of the deltas; never above ``ceiling``.
    public func finalTokens(usage: TokenUsage?) -> Int {
        min(max(0, usage?.outputTokens ?? reportedTokens), ceiling)
    }

    private static func sum(_ one: Int, _ other: Int) -> Int {
        let (sum, overflow) = one.addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}

/// Estimates for when nobody has the model's tokenizer.
public enum TokenEstimate {
    /// The most output tokens that text of so many bytes may count as: bytes ÷ 1.5, rounded down, plus 32.
    public static func outputCeiling(bytes: Int) -> Int {
        // In thirds, so that the largest count does not overflow.
        let bytes = max(0, bytes)
        return bytes / 3 * 2 + bytes % 3 * 2 / 3 + 32
    }

    /// A guess at the input tokens of a request: a quarter of the bytes of its JSON, rounded up, and at least 1.
    ///
    /// Both sides have the bytes, so both come to the same number. Template tokens are about made up for by JSON's own
    /// punctuation; for text that is not mostly Latin letters the guess is low, which is at the provider's expense.
    public static func inputTokens(of request: GenerationRequest) -> Int {
        max(1, (request.body.count + 3) / 4)
    }
}
