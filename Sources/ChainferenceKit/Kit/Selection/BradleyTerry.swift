public import Solana

/// One client said that one server's answer was better than another's.
public struct PairwiseComparison: Hashable, Sendable {
    /// The account of the server whose answer was preferred.
    public let preferred: Address

    /// The account of the other server.
    public let other: Address

    /// Adopts the two servers.
    public init(preferred: Address, other: Address) {
        self.preferred = preferred
        self.other = other
    }
}

/// How strong servers are, by who was preferred to whom.
///
/// The Bradley–Terry model: a server of strength *a* is preferred to one of strength *b* with probability *a* ÷ (*a* + *b*).
/// Every server has besides won once and lost once against an average one of strength 1, so that few comparisons say
/// little and nothing is ever infinite.
///
/// Sources: R. A. Bradley and M. E. Terry, "Rank analysis of incomplete block designs", Biometrika 39 (1952); the
/// iteration is that of D. R. Hunter, "MM algorithms for generalized Bradley–Terry models", Annals of Statistics 32 (2004).
public struct BradleyTerry: Hashable, Sendable {
    /// What is known about one server.
    public struct Estimate: Hashable, Sendable {
        /// The natural logarithm of the strength; 0 is average.
        public let logStrength: Double

        /// How uncertain ``logStrength`` is: one over the root of the information that its own comparisons hold.
        public let standardError: Double

        /// In how many comparisons it took part.
        public let comparisons: Int

        /// The probability of being preferred to an average server.
        public var probability: Double { 1 / (1 + Double.exponential(-logStrength)) }
    }

    /// How often every server has won, and lost, against the average beforehand.
    static let prior = 1.0

    /// Every server that took part.
    public let estimates: [Address: Estimate]

    /// How often a server was compared, and preferred.
    public struct Tally: Hashable, Sendable {
        /// How often it was preferred.
        public var preferred: UInt64
        /// How often it was not.
        public var other: UInt64

        /// Adopts two counts.
        public init(preferred: UInt64 = 0, other: UInt64 = 0) {
            self.preferred = preferred
            self.other = other
        }
    }

    /// Fits the strengths.
    ///
    /// - Parameters:
    ///   - comparisons: What was said, in any order; a server compared with itself counts for nothing.
    ///   - others: Comparisons of which only the outcome is known; their opponents are taken for average.
    public init(_ comparisons: some Sequence<PairwiseComparison>, others: [Address: Tally] = [:]) {
        var index: [Address: Int] = [:]
        var wins: [Double] = []
        var games: [[Int: Double]] = []
        func place(_ server: Address) -> Int {
            if let known = index[server] { return known }
            index[server] = wins.count
            wins.append(0)
            games.append([:])
            return wins.count - 1
        }
        for comparison in comparisons where comparison.preferred != comparison.other {
            let winner = place(comparison.preferred)
            let loser = place(comparison.other)
            wins[winner] += 1
            games[winner][loser, default: 0] += 1
            games[loser][winner, default: 0] += 1
        }
        for server in others.keys { _ = place(server) }
        // Against an average opponent, as the one game won and the one lost that everybody has beforehand.
        var average = [Double](repeating: 2 * Self.prior, count: wins.count)
        for (server, tally) in others {
            wins[place(server)] += Double(tally.preferred)
            average[place(server)] += Double(tally.preferred) + Double(tally.other)
        }
        let strengths = Self.strengths(wins: wins, games: games, average: average)
        estimates = index.mapValues { server in
            let own = strengths[server]
            var information = average[server] * Self.variance(own, 1)
            for (opponent, count) in games[server] { information += count * Self.variance(own, strengths[opponent]) }
            let played = games[server].values.reduce(0, +) + average[server] - 2 * Self.prior
            return Estimate(
                logStrength: Double.logarithm(own),
                standardError: 1 / information.squareRoot(),
                // A node may say anything.
                comparisons: Int(exactly: played.rounded()) ?? .max
            )
        }
    }

    /// What a server's counters alone say: every opponent is taken for average.
    ///
    /// - Parameters:
    ///   - preferred: How often it was preferred; at most `compared`.
    ///   - compared: How often it was compared.
    /// - Returns: The estimate.
    public static func estimate(preferred: UInt64, compared: UInt64) -> Estimate {
        let won = Double(min(preferred, compared)) + prior
        let lost = Double(compared - min(preferred, compared)) + prior
        return Estimate(
            logStrength: Double.logarithm(won / lost),
            standardError: (1 / won + 1 / lost).squareRoot(),
            comparisons: Int(clamping: compared)
        )
    }

    private static func strengths(wins: [Double], games: [[Int: Double]], average: [Double]) -> [Double] {
        var strengths = [Double](repeating: 1, count: wins.count)
        for _ in 0..<10_000 {
            var change = 0.0
            for server in strengths.indices {
                var weight = average[server] / (strengths[server] + 1)
                for (opponent, count) in games[server] {
                    weight += count / (strengths[server] + strengths[opponent])
                }
                let next = (wins[server] + prior) / weight
                change = max(change, abs(next / strengths[server] - 1))
                strengths[server] = next
            }
            if change < 1e-12 { break }
        }
        return strengths
    }

    private static func variance(_ own: Double, _ other: Double) -> Double {
        own * other / ((own + other) * (own + other))
    }
}
