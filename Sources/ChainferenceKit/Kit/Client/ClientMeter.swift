import InferenceMarket
import Solana

/// What the client counts in one session: what it was told, what it believes, and what it promises.
///
/// A value without clocks or sockets. The client's promise rises in buckets of tokens, so that the chain does not publish
/// an answer's exact length, and it never believes more tokens than the bytes it received can hold.
struct ClientMeter: Hashable, Sendable {
    /// A count that the received bytes do not support, or that pays for more than the stake.
    enum Fault: Error, Hashable, Sendable {
        /// The server reports more input tokens than the prompt's bytes allow.
        case tooManyInputTokens(reported: UInt64, plausible: UInt64)
        /// The server reports more output tokens than the answer's bytes allow.
        case tooManyOutputTokens(reported: UInt64, plausible: UInt64)
        /// The prompt alone costs more than is left of the stake.
        case promptAboveStake(needed: Lamports, stake: Lamports)
    }

    /// The tokens that a voucher rises by.
    static let bucket: UInt64 = 64

    /// The terms that the lock froze.
    let terms: Terms

    /// The most that can be promised.
    let stake: Lamports

    /// What the server has reported, as far as it was believed.
    private(set) var usage = TokenCount.zero

    /// Bytes of all prompts.
    private(set) var promptBytes: UInt64 = 0

    /// Bytes of all answers.
    private(set) var answerBytes: UInt64 = 0

    /// The newest voucher's amount; zero before the first.
    private(set) var vouched = Lamports.zero

    init(terms: Terms, stake: Lamports) {
        self.terms = terms
        self.stake = stake
    }

    /// The most tokens that so many bytes of text can be: bytes ÷ 1.5 + 32.
    static func plausibleTokens(bytes: UInt64) -> UInt64 {
        UInt64(exactly: UInt128(bytes) * 2 / 3 + 32) ?? .max
    }

    /// Takes in what the server reports for a prompt before it answers.
    ///
    /// A refused report changes nothing.
    mutating func accept(inputTokens: UInt64, promptBytes bytes: UInt64) throws(Fault) {
        var next = usage
        next.add(TokenCount(input: inputTokens, output: 0))
        let total = promptBytes.addingReportingOverflow(bytes)
        let totalBytes = total.overflow ? .max : total.partialValue
        let plausible = Self.plausibleTokens(bytes: totalBytes)
        guard next.input <= plausible else {
            throw .tooManyInputTokens(reported: next.input, plausible: plausible)
        }
        let needed = terms.charge(for: TokenCount(input: next.input, output: bucketed(next.output)))
        guard needed <= stake else { throw .promptAboveStake(needed: needed, stake: stake) }
        usage = next
        promptBytes = totalBytes
    }

    /// Takes in a piece of an answer.
    ///
    /// A refused report changes nothing, so no voucher ever covers it.
    ///
    /// - Parameters:
    ///   - outputTokens: What the server counts for the piece.
    ///   - bytes: How many bytes it has.
    ///   - bound: The most tokens that all answers can have by an exact count; nil without one.
    /// - Throws: ``Fault/tooManyOutputTokens(reported:plausible:)``.
    mutating func receive(outputTokens: UInt64, bytes: UInt64, bound: UInt64? = nil) throws(Fault) {
        var next = usage
        next.add(TokenCount(input: 0, output: outputTokens))
        let total = answerBytes.addingReportingOverflow(bytes)
        let totalBytes = total.overflow ? .max : total.partialValue
        let plausible = min(bound ?? .max, Self.plausibleTokens(bytes: totalBytes))
        guard next.output <= plausible else {
            throw .tooManyOutputTokens(reported: next.output, plausible: plausible)
        }
        usage = next
        answerBytes = totalBytes
    }

    /// What is promised for the usage so far: its charge with the output rounded up to a bucket, within the stake.
    var promise: Lamports {
        min(stake, terms.charge(for: TokenCount(input: usage.input, output: bucketed(usage.output))))
    }

    /// The amount of the next voucher if one is due; it counts as sent.
    mutating func nextVoucher() -> Lamports? {
        let promise = promise
        guard promise > vouched else { return nil }
        vouched = promise
        return promise
    }

    private func bucketed(_ tokens: UInt64) -> UInt64 {
        let (sum, overflow) = tokens.addingReportingOverflow(Self.bucket - 1)
        return overflow ? tokens : sum / Self.bucket * Self.bucket
    }
}
