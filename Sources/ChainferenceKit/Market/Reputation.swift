/// A server's record on the chain, and what may be concluded from it.
///
/// The ratios are the program's, so that a client predicts exactly which lock the chain will accept; the bounds are
/// statistics for ranking. Counts can be bought at about the transaction fees each, by dealing with oneself: a record is
/// evidence, not proof.
public struct Reputation: Hashable, Sendable {
    /// Sessions that a client paid for with a voucher.
    public var completed: UInt64

    /// Locks that ended in nothing.
    public var failed: UInt64

    /// Completed sessions that the client flagged as bad.
    public var flagged: UInt64

    /// Comparisons with another server's answer.
    public var compared: UInt64

    /// Comparisons that this server won.
    public var preferred: UInt64

    /// Adopts the five counts.
    public init(
        completed: UInt64 = 0,
        failed: UInt64 = 0,
        flagged: UInt64 = 0,
        compared: UInt64 = 0,
        preferred: UInt64 = 0
    ) {
        self.completed = completed
        self.failed = failed
        self.flagged = flagged
        self.compared = compared
        self.preferred = preferred
    }

    /// Successes: completed and not flagged, never below zero.
    public var successes: UInt64 { completed > flagged ? completed - flagged : 0 }

    /// Everything that was tried.
    public var trials: UInt64 {
        let (sum, overflow) = completed.addingReportingOverflow(failed)
        return overflow ? .max : sum
    }

    /// (completed − flagged) ÷ (completed + failed); nil without a trial, which the program lets pass.
    public var successRatio: Double? {
        trials == 0 ? nil : Double(successes) / Double(trials)
    }

    /// preferred ÷ compared; nil without a comparison, which the program lets pass.
    public var preferenceRatio: Double? {
        compared == 0 ? nil : Double(preferred) / Double(compared)
    }

    /// Whether the program would accept a lock by this server under `criteria`.
    public func meets(_ criteria: Criteria) -> Bool {
        func ratio(_ part: UInt64, of whole: UInt64, isAtLeast share: BasisPoints) -> Bool {
            whole == 0 || UInt128(part) * 10_000 >= UInt128(whole) * UInt128(share.rawValue)
        }
        return completed >= criteria.minimumCompleted
            && ratio(successes, of: trials, isAtLeast: criteria.minimumSuccess)
            && ratio(preferred, of: compared, isAtLeast: criteria.minimumPreference)
    }

    /// The lower end of the Wilson interval for the success probability: what it is at least, with confidence.
    ///
    /// A newcomer has 0, and few trials give a low bound however good they were.
    ///
    /// - Parameter z: The normal quantile; 1.96 is a two-sided 95 %.
    /// - Returns: A number from 0 to 1.
    public func successLowerBound(z: Double = 1.959_963_984_540_054) -> Double {
        Self.wilsonLowerBound(successes: successes, trials: trials, z: z)
    }

    /// The lower end of the Wilson score interval.
    ///
    /// Source: E. B. Wilson, "Probable inference, the law of succession, and statistical inference", JASA 22 (1927).
    ///
    /// - Parameters:
    ///   - successes: At most `trials`; more is taken as all.
    ///   - trials: How often it was tried.
    ///   - z: The normal quantile of the wanted confidence.
    /// - Returns: A number from 0 to 1.
    public static func wilsonLowerBound(successes: UInt64, trials: UInt64, z: Double) -> Double {
        guard trials > 0 else { return 0 }
        let n = Double(trials)
        let p = Double(min(successes, trials)) / n
        let squared = z * z
        let centre = p + squared / (2 * n)
        let spread = z * ((p * (1 - p) + squared / (4 * n)) / n).squareRoot()
        return max(0, (centre - spread) / (1 + squared / n))
    }
}

/// What a client demands of a server's record before the chain lets that server lock.
public struct Criteria: Hashable, Sendable {
    /// Everybody may lock.
    public static let any = Criteria()

    /// The least success ratio.
    public var minimumSuccess: BasisPoints

    /// The least preference ratio.
    public var minimumPreference: BasisPoints

    /// The least number of completed sessions; what keeps newcomers out, because empty ratios pass.
    public var minimumCompleted: UInt64

    /// Adopts the three limits.
    public init(
        minimumSuccess: BasisPoints = .zero,
        minimumPreference: BasisPoints = .zero,
        minimumCompleted: UInt64 = 0
    ) {
        self.minimumSuccess = minimumSuccess
        self.minimumPreference = minimumPreference
        self.minimumCompleted = minimumCompleted
    }
}
