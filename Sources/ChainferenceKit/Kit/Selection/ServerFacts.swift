import InferenceMarket
public import Solana

/// What is known about a server when one has to be chosen.
public struct ServerFacts: Hashable, Sendable {
    /// The server, its terms and its counters.
    public var offer: Offer

    /// How long the last handshakes with it took, averaged; nil while it was never dialled.
    public var latency: Duration?

    /// How often in a row it could not be reached or broke off, as far as this client has seen and not forgiven.
    public var failures: Int

    /// What comparisons say about it, if their history was read; nil falls back on the counters.
    public var preference: BradleyTerry.Estimate?

    /// How many different wallets have paid it, if its history was read.
    public var distinctPayers: Int?

    /// Adopts what is known.
    public init(
        offer: Offer,
        latency: Duration? = nil,
        failures: Int = 0,
        preference: BradleyTerry.Estimate? = nil,
        distinctPayers: Int? = nil
    ) {
        self.offer = offer
        self.latency = latency
        self.failures = failures
        self.preference = preference
        self.distinctPayers = distinctPayers
    }
}

/// A server and why it stands where it stands in the ranking.
public struct ServerChoice: Hashable, Sendable {
    /// The server, its terms and its counters.
    public let offer: Offer

    /// The product of the reasons' factors; larger is better, and only the order means something.
    public let score: Double

    /// What the score is made of, and whether chance helped.
    public let reasons: [SelectionReason]
}

/// One reason for a server's place in the ranking.
public enum SelectionReason: Hashable, Sendable {
    /// What the expected usage costs there, beside what it costs at the cheapest.
    case price(expected: Lamports, cheapest: Lamports, factor: Double)
    /// The lower bound of its success, by so many trials; those of one payer count as at most ``ServerRanking/trialsPerPayer``.
    case success(lowerBound: Double, trials: UInt64, counted: UInt64, payers: Int?, factor: Double)
    /// The probability that its answers are preferred to an average server's, by so many comparisons.
    case preference(probability: Double, standardError: Double, comparisons: Int, factor: Double)
    /// How long handshakes take, or nil and the average of the others.
    case latency(Duration?, factor: Double)
    /// It failed this client so often in a row.
    case failures(Int, factor: Double)
    /// It has hardly been tried, and chance gave it this turn.
    case explored(trials: UInt64)

    /// What the score was multiplied by; 1 for chance.
    public var factor: Double {
        switch self {
        case .price(_, _, let factor), .success(_, _, _, _, let factor), .preference(_, _, _, let factor),
            .latency(_, let factor), .failures(_, let factor):
            factor
        case .explored: 1
        }
    }
}

extension SelectionReason: CustomStringConvertible {
    /// One plain sentence.
    public var description: String {
        switch self {
        case .price(let expected, let cheapest, _) where expected == cheapest:
            "it is the cheapest: about \(expected)"
        case .price(let expected, let cheapest, _):
            "it costs about \(expected), the cheapest \(cheapest)"
        case .success(_, 0, _, _, _):
            "nobody has paid it yet"
        case .success(let bound, let trials, let counted, let payers, _):
            "at least \(Self.percent(bound)) of \(trials) sessions went well"
                + (counted < trials ? ", counted as \(counted) because \(payers ?? 0) wallets made them" : "")
        case .preference(_, _, 0, _):
            "nobody has compared it"
        case .preference(let probability, _, let comparisons, _):
            "it is preferred to an average server in \(Self.percent(probability)), by \(comparisons) comparisons"
        case .latency(.some(let duration), _):
            "it answers the handshake in \(duration.wholeMilliseconds) ms"
        case .latency(nil, _):
            "its speed is not known"
        case .failures(let count, _):
            "it failed this client \(count) time(s) lately"
        case .explored(let trials):
            "it is new (\(trials) sessions) and got a chance"
        }
    }

    private static func percent(_ value: Double) -> String { "\((value * 100).rounded()) %" }
}

extension ServerChoice: CustomStringConvertible {
    /// The server and the reasons.
    public var description: String {
        "\(offer.server): \(reasons.map(\.description).joined(separator: "; "))"
    }
}

extension Duration {
    var wholeMilliseconds: Int64 {
        components.seconds * 1_000 + components.attoseconds / 1_000_000_000_000_000
    }

    var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
