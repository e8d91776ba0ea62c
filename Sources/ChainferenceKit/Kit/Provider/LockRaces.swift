import InferenceMarket

/// How often this provider's lock attempts came to something lately, and what that says about the next one.
///
/// Several providers may want the same request; one gets it, and the transactions of the others, if they were on their
/// way already, cost a fee for nothing. Who has lost lately waits a random moment before it sends, in which it may see
/// that somebody else has the request; and it counts the risk into what a lock is worth. Both fade with time, so that a
/// market that has grown quiet is noticed. A value without clocks.
struct LockRaces: Hashable, Sendable {
    /// In how many seconds an old race loses half of its weight.
    static let halfLife: Double = 300

    /// The longest pause before a lock is sent.
    static let longestPause = Duration.seconds(2)

    /// How a race ended.
    enum Outcome: Hashable, Sendable {
        /// The request is locked here.
        case won
        /// Somebody was faster, and that was seen before anything was paid.
        case lost
        /// Somebody was faster, and the fee of the transaction is gone.
        case lostAndPaid
    }

    private var won = 0.0
    private var lost = 0.0
    private var paid = 0.0
    private var lastAt: UnixTime?

    /// Counts a race.
    mutating func count(_ outcome: Outcome, at now: UnixTime) {
        let weight = weight(at: now)
        (won, lost, paid) = (won * weight, lost * weight, paid * weight)
        lastAt = now
        switch outcome {
        case .won: won += 1
        case .lost: lost += 1
        case .lostAndPaid:
            lost += 1
            paid += 1
        }
    }

    /// How likely it is that the fee of the next lock is not paid in vain; 1 as long as nothing speaks against it.
    func chance(at now: UnixTime) -> Double {
        let weight = weight(at: now)
        return (1 + won * weight) / (1 + (won + paid) * weight)
    }

    /// How long to wait before the next lock is sent: nothing without rivals, a random part of up to two seconds with many.
    ///
    /// - Parameters:
    ///   - now: The time.
    ///   - draw: A number from 0 to 1, drawn for this race.
    /// - Returns: The pause.
    func pause(at now: UnixTime, draw: Double) -> Duration {
        let rivals = lost * weight(at: now)
        guard rivals > 0.05 else { return .zero }
        // A first loss spreads attempts over 250 ms, and each further one doubles that.
        let span = 0.125 * (exponent(of: min(rivals, 8)))
        let longest = Double(Self.longestPause.components.seconds)
        return .milliseconds(Int64(1_000 * min(longest, span) * min(1, max(0, draw))))
    }

    /// 2 to the power of a small number.
    private func exponent(of value: Double) -> Double {
        let whole = value.rounded(.down)
        // Between two powers the straight line is near enough.
        return Double(1 << Int(whole)) * (1 + value - whole)
    }

    private func weight(at now: UnixTime) -> Double {
        guard let lastAt else { return 1 }
        let seconds = Double(max(0, lastAt.seconds(until: now)))
        let halves = (seconds / Self.halfLife).rounded(.down)
        guard halves < 20 else { return 0 }
        let rest = seconds / Self.halfLife - halves
        return (1 - rest / 2) / Double(1 << Int(halves))
    }
}
