public import InferenceMarket
import Solana

/// Puts servers in the order in which a client should try them.
///
/// A value without clocks or sockets. The score is a product, so that no virtue makes up for the lack of another:
///
/// (cheapest ÷ price) × success × (2 × preference)^½ × latency^¼ × ½^failures
///
/// * *success* is the lower end of the Wilson interval. Trials that few wallets made count less, because one who deals with
///   himself can make any number. Servers without trials get ``newcomerSuccess``.
/// * *preference* is the Bradley–Terry probability of being preferred to an average server.
/// * *latency* is ½ s ÷ (½ s + handshake); unknown latencies are taken for the average of the known ones.
///
/// In a share of the choices, ``exploration``, a server with hardly a record comes first: else nobody new would ever get
/// one. Counters are evidence and no proof; see what they can't show in the market's specification.
public struct ServerRanking: Hashable, Sendable {
    /// The most trials of one payer that count.
    public static let trialsPerPayer: UInt64 = 20

    /// What a server without trials is given for a lower bound.
    public static let newcomerSuccess = 0.05

    /// Servers with fewer trials are newcomers.
    public static let newcomerTrials: UInt64 = 5

    /// The share of choices that a newcomer gets, from 0 to 1.
    public var exploration: Double

    /// The usage that prices are compared for.
    public var usage: TokenCount

    /// Adopts the settings.
    public init(usage: TokenCount, exploration: Double = 0.05) {
        self.usage = usage
        self.exploration = exploration
    }

    /// The servers, best first.
    ///
    /// - Parameters:
    ///   - servers: Those that may be chosen at all.
    ///   - generator: Decides whether and which newcomer comes first; the same numbers give the same order.
    /// - Returns: All of them, each with its reasons.
    public func rank(
        _ servers: [ServerFacts],
        using generator: inout some RandomNumberGenerator
    ) -> [ServerChoice] {
        let costs = servers.map { $0.offer.terms.charge(for: usage) }
        let cheapest = costs.min() ?? .zero
        let known = servers.compactMap { $0.latency?.inSeconds }
        let average = known.isEmpty ? 0.1 : known.reduce(0, +) / Double(known.count)
        var choices = zip(servers, costs).map { server, cost in
            choice(server, cost: cost, cheapest: cheapest, averageLatency: average)
        }
        choices.sort { ($0.score, $1.offer.server) > ($1.score, $0.offer.server) }
        // Both numbers are drawn in any case, so that the servers at hand don't shift later draws.
        let chance = Double(generator.next() >> 11) / 9_007_199_254_740_992
        let pick = generator.next()
        let newcomers = choices.indices.filter { choices[$0].offer.reputation.trials < Self.newcomerTrials }
        guard chance < exploration, !newcomers.isEmpty, newcomers.count < choices.count else { return choices }
        let explored = choices.remove(at: newcomers[Int(pick % UInt64(newcomers.count))])
        choices.insert(
            ServerChoice(
                offer: explored.offer,
                score: explored.score,
                reasons: [.explored(trials: explored.offer.reputation.trials)] + explored.reasons
            ),
            at: 0
        )
        return choices
    }

    private func choice(
        _ server: ServerFacts,
        cost: Lamports,
        cheapest: Lamports,
        averageLatency: Double
    ) -> ServerChoice {
        var reasons = [
            SelectionReason.price(
                expected: cost,
                cheapest: cheapest,
                factor: cost > .zero ? Double(cheapest.rawValue) / Double(cost.rawValue) : 1
            ),
            success(server),
            preference(server),
            .latency(
                server.latency,
                factor: Double.power(0.5 / (0.5 + (server.latency?.inSeconds ?? averageLatency)), 0.25)
            ),
        ]
        if server.failures > 0 {
            reasons.append(.failures(server.failures, factor: Double.power(0.5, Double(server.failures))))
        }
        return ServerChoice(
            offer: server.offer,
            score: reasons.reduce(1) { $0 * $1.factor },
            reasons: reasons
        )
    }

    private func success(_ server: ServerFacts) -> SelectionReason {
        let reputation = server.offer.reputation
        let trials = reputation.trials
        guard trials > 0 else {
            return .success(
                lowerBound: 0,
                trials: 0,
                counted: 0,
                payers: server.distinctPayers,
                factor: Self.newcomerSuccess
            )
        }
        let most = server.distinctPayers.map {
            UInt64(clamping: max(1, $0)).multipliedSaturating(by: Self.trialsPerPayer)
        }
        let counted = min(trials, most ?? .max)
        let successes = (Double(reputation.successes) * Double(counted) / Double(trials)).rounded(.down)
        let bound = Reputation.wilsonLowerBound(
            successes: UInt64(successes),
            trials: counted,
            z: 1.959_963_984_540_054
        )
        return .success(
            lowerBound: bound,
            trials: trials,
            counted: counted,
            payers: server.distinctPayers,
            // A bound of nothing would make all who have failed once equal.
            factor: max(bound, 0.01)
        )
    }

    private func preference(_ server: ServerFacts) -> SelectionReason {
        let reputation = server.offer.reputation
        let estimate =
            server.preference
            ?? BradleyTerry.estimate(preferred: reputation.preferred, compared: reputation.compared)
        return .preference(
            probability: estimate.probability,
            standardError: estimate.standardError,
            comparisons: estimate.comparisons,
            factor: (2 * estimate.probability).squareRoot()
        )
    }
}

extension UInt64 {
    fileprivate func multipliedSaturating(by factor: UInt64) -> UInt64 {
        let (product, overflow) = multipliedReportingOverflow(by: factor)
        return overflow ? .max : product
    }
}

/// The generator behind exploration: SplitMix64, so that a seed gives the same choices everywhere.
///
/// Source: G. L. Steele, D. Lea and C. H. Flood, "Fast splittable pseudorandom number generators", OOPSLA 2014.
struct ExplorationGenerator: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
