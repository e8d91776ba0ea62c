import InferenceMarket
import Solana

/// What the server counts in one session: what it has delivered, what is vouched for, and whether it may go on.
///
/// A value without clocks or sockets. The server loses at most ``window`` tokens to a client that stops vouching, because
/// it asks before every token and gets no permission beyond the window.
struct ServerMeter: Hashable, Sendable {
    /// Whether the next tokens may be generated.
    enum Permission: Hashable, Sendable {
        /// So many more tokens may be generated before asking again; at least one.
        case generate(tokens: UInt64)
        /// The window is used up; a voucher for at least this much opens it again.
        case awaitVoucher(atLeast: Lamports)
        /// The stake pays for nothing more.
        case stakeUsedUp
    }

    /// Why a voucher does not count.
    enum VoucherFault: Error, Hashable, Sendable {
        /// It is not above the newest one.
        case doesNotRise
        /// It promises more than the stake holds, which the chain would not pay.
        case aboveStake
    }

    /// The terms that the lock froze.
    let terms: Terms

    /// The most that can be claimed.
    let stake: Lamports

    /// What may be claimed without a voucher.
    let credit: Lamports

    /// How many output tokens may run ahead of what is ``secured``.
    let window: UInt64

    /// What has been delivered so far.
    private(set) var usage = TokenCount.zero

    /// The newest voucher's amount; zero before the first.
    private(set) var vouched = Lamports.zero

    init(terms: Terms, stake: Lamports, credit: Lamports, window: UInt64) {
        self.terms = terms
        self.stake = stake
        self.credit = credit
        self.window = max(1, window)
    }

    /// What is due for everything delivered, never above the stake.
    var due: Lamports { min(stake, terms.charge(for: usage)) }

    /// What a claim can't be refused, whatever the client does from here on, once so much is due: the newest voucher or the
    /// credit.
    var secured: Lamports { min(stake, max(vouched, credit)) }

    /// What is due and may be claimed without any voucher.
    var dueWithinCredit: Lamports { min(credit, due) }

    /// What a claim may ask for.
    var claimable: Lamports { max(min(stake, vouched), dueWithinCredit) }

    /// What must be ``secured`` for a prompt of `inputTokens` to begin: everything due before its first token.
    func neededToBegin(inputTokens: UInt64) -> Lamports {
        var next = usage
        next.add(TokenCount(input: inputTokens, output: 0))
        return terms.charge(for: next)
    }

    /// Whether the stake pays for a prompt of `inputTokens` and one token.
    func canAfford(inputTokens: UInt64) -> Bool {
        var next = usage
        next.add(TokenCount(input: inputTokens, output: 1))
        return terms.charge(for: next) <= stake
    }

    /// Counts a prompt.
    mutating func begin(inputTokens: UInt64) {
        usage.add(TokenCount(input: inputTokens, output: 0))
    }

    /// Counts delivered tokens.
    mutating func deliver(outputTokens: UInt64) {
        usage.add(TokenCount(input: 0, output: outputTokens))
    }

    /// Checks a verified voucher's amount before it is written down.
    func check(voucher amount: Lamports) throws(VoucherFault) {
        guard amount > vouched else { throw .doesNotRise }
        guard amount <= stake else { throw .aboveStake }
    }

    /// Counts a voucher that is on disk.
    mutating func count(voucher amount: Lamports) {
        vouched = max(vouched, amount)
    }

    /// Whether the next tokens may be generated, and how many.
    var permission: Permission {
        guard let payable = terms.affordableOutput(within: stake, inputTokens: usage.input), payable > usage.output
        else {
            return .stakeUsedUp
        }
        // The minimum and the input have to be covered first; until then nothing is.
        let covered = terms.affordableOutput(within: secured, inputTokens: usage.input)
        guard let covered else {
            return .awaitVoucher(atLeast: terms.charge(for: TokenCount(input: usage.input, output: 0)))
        }
        let (limit, overflow) = covered.addingReportingOverflow(window)
        let end = min(payable, overflow ? .max : limit)
        guard end > usage.output else {
            // One token more than is covered now brings the window forward by one.
            let (next, overflow) = usage.output.subtractingReportingOverflow(window - 1)
            let wanted = TokenCount(input: usage.input, output: overflow ? 1 : max(1, next))
            return .awaitVoucher(atLeast: min(stake, terms.charge(for: wanted)))
        }
        return .generate(tokens: end - usage.output)
    }
}
