public import ArgumentParser
import ChainferenceKit

/// `chainference sweep`: brings home what is due.
public struct SweepCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Bring home every stake, rest and rent of a wallet that is due.",
        discussion: "Open requests of the wallet are cancelled: don't run it while a session of the same wallet begins."
    )

    @OptionGroup(title: "Market") var market: MarketOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Sweeps and says what came home.
    public func run() async throws {
        output.print(SweepSummary(try await market.client().sweep()))
    }
}

/// What came home.
struct SweepSummary: Report {
    struct Waiting: Encodable {
        let request: String
        let until: Int64
    }

    let closed: [String]
    let expired: [String]
    let cancelled: [String]
    let waiting: [Waiting]
    let returnedLamports: UInt64
    let feesLamports: UInt64

    init(_ report: SweepReport) {
        closed = report.closed.map { "\($0)" }
        expired = report.expired.map { "\($0)" }
        cancelled = report.cancelled.map { "\($0)" }
        waiting = report.waiting.map { Waiting(request: "\($0)", until: $1.rawValue) }.sorted { $0.until < $1.until }
        returnedLamports = report.returned.rawValue
        feesLamports = report.fees.rawValue
    }

    var text: String {
        var lines: [String] = []
        for request in closed { lines.append("closed     \(request)") }
        for request in expired { lines.append("expired    \(request)") }
        for request in cancelled { lines.append("cancelled  \(request)") }
        for item in waiting { lines.append("waiting    \(item.request), claimable until \(item.until)") }
        if lines.isEmpty { return "Nothing is due." }
        lines.append("\(returnedLamports) lamports came home, for \(feesLamports) lamports of fees.")
        return lines.joined(separator: "\n")
    }
}
