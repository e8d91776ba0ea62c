import Foundation

/// The figures of all runs, as tables for people.
struct MarketReport {
    private let lamportsPerDollar: Double
    private var times: [String] = []
    private var speeds: [String] = []
    private var fees: MarketRun?

    /// The newest lines.
    private(set) var progress = ""

    init(lamportsPerDollar: Double) { self.lamportsPerDollar = lamportsPerDollar }

    mutating func add(_ engine: MarketEngine, _ bare: BareRun, _ market: MarketRun) {
        progress = ""
        if engine.openings > 0 {
            let floor = bare.firstToken.median
            func added(_ times: [Duration]) -> String {
                "\((times.quantile(0.5) - floor).milliseconds) / \((times.quantile(0.99) - floor).milliseconds)"
            }
            times.append(
                line([
                    engine.name,
                    "\(bare.firstToken.median.milliseconds) / \(bare.firstToken.quantile(0.99).milliseconds)",
                    added(market.direct), added(market.open), added(market.followUp),
                    "\(market.direct.count), \(market.open.count), \(market.followUp.count)",
                ])
            )
            progress += "  " + (times.last ?? "") + "\n"
            if fees == nil { fees = market }
        }
        speeds.append(
            line([
                engine.name, whole(bare.tokensPerSecond.median), whole(market.tokensPerSecond.median),
                ratio(market.tokensPerSecond.median / max(bare.tokensPerSecond.median, 1e-9)),
                "\(market.memoryPerAnswer / 1_024) kB",
            ])
        )
        progress += "  " + (speeds.last ?? "")
    }

    private func line(_ cells: [String]) -> String { "| " + cells.joined(separator: " | ") + " |" }

    private func whole(_ value: Double) -> String {
        Int(value.rounded()).formatted(.number.grouping(.automatic).locale(Locale(identifier: "en_US")))
    }

    /// Two digits behind the point, or those that say anything.
    private func ratio(_ value: Double) -> String { String(format: value < 0.01 ? "%.4f" : "%.2f", value) }

    private func money(_ lamports: Double) -> String {
        "\(whole(lamports)) (\(String(format: "$%.5f", lamports / lamportsPerDollar)))"
    }

    var text: String {
        """
        Time to the first token, in milliseconds, one to four sessions at a time:

        | engine | bare, p50 / p99 | direct adds, p50 / p99 | open adds | a follow-up adds | samples |
        |---|---:|---:|---:|---:|---:|
        \(times.joined(separator: "\n"))

        \(MarketEngine.answers) answers at a time on this machine:

        | engine | bare, tokens/s in all | through the market | ratio | memory per answer |
        |---|---:|---:|---:|---:|
        \(speeds.joined(separator: "\n"))

        \(fees.map(costs) ?? "")

        Slots take 400 ms, everything is confirmed before it is acted on, and sessions begin at random moments of a slot, follow-up prompts at random moments of a tick. “Direct” and “open” are from the wish to the first \
        token: quote, connection, stake and, for open, the lock; a follow-up prompt under the same lock has no chain in it. What \
        is added is over the bare backend's median. A stream ticks every 100 ms, so that 50 ms in the mean belong to its shape. \
        Speed is that of all answers together from the prompts to the last token. Memory is what the process grows by, \
        both ends and the chain in it. Fees are means: claims that fall due together share a transaction. A backend without a pause is bounded by the shape: 256 bytes every 100 ms.
        """
    }

    private func costs(_ run: MarketRun) -> String {
        let dollars = whole(1e9 / lamportsPerDollar)
        func row(_ name: String, _ fees: Double, answers: Double) -> String {
            line([name, money(fees), money((fees + MarketRun.minimumCharge) / answers)])
        }
        return """
            What it costs, in lamports, at $\(dollars) a SOL; rent comes back and is left out:

            | session | chain fees, client and provider | fees and the usual minimum charge (\(whole(MarketRun.minimumCharge))), per answer |
            |---|---:|---:|
            \(row("direct, one answer", run.feesPerDirectSession, answers: 1))
            \(row("open, one answer", run.feesPerOpenSession, answers: 1))
            \(row("direct, a conversation of 20", run.feesPerDirectSession, answers: 20))
            """
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }

    var milliseconds: String { String(format: "%.0f", seconds * 1_000) }
}

extension Array where Element: Comparable {
    /// Nearest rank.
    func quantile(_ share: Double) -> Element {
        let sorted = sorted()
        return sorted[Swift.min(sorted.count - 1, Swift.max(0, Int((share * Double(sorted.count)).rounded(.up)) - 1))]
    }

    var median: Element { quantile(0.5) }
}
