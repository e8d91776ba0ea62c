public import ArgumentParser
import ChainferenceKit

/// `chainference sweep`: brings home what is due.
public struct SweepCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "sweep",
        abstract: "Bring home every stake, rest and rent of a wallet that is due.",
        discussion: """
            Sessions of other commands that run meanwhile are left alone. “ask” and “chat” sweep by themselves, so this is \
            for who does not come back soon. What a server may still claim is free when its time is over; --wait stays \
            until then.
            """
    )

    @Flag(help: "Go on until nothing is left, which may take as long as the last server may claim.")
    var wait = false

    @OptionGroup(title: "Market") var market: MarketOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Sweeps and says what came home.
    public func run() async throws {
        let client = try await market.client()
        var report = try await client.sweep()
        output.print(SweepSummary(report))
        while wait, !report.waiting.isEmpty || !report.failed.isEmpty {
            try await Task.sleep(for: .seconds(2))
            report = try await client.sweep()
            if !report.isOnlyWaiting { output.print(SweepSummary(report)) }
        }
        guard report.failed.isEmpty else { throw ExitCode.failure }
    }
}

extension SweepReport {
    /// Whether nothing happened.
    fileprivate var isOnlyWaiting: Bool {
        closed.isEmpty && expired.isEmpty && cancelled.isEmpty && closing.isEmpty
    }
}

/// What came home.
struct SweepSummary: Report {
    struct Waiting: Encodable {
        let request: String
        let until: Int64
    }

    struct Failure: Encodable {
        let request: String
        let reason: String
    }

    let closed: [String]
    let expired: [String]
    let cancelled: [String]
    let closing: [String]
    let waiting: [Waiting]
    let failed: [Failure]
    let returnedLamports: UInt64
    let feesLamports: UInt64

    init(_ report: SweepReport) {
        closed = report.closed.map { "\($0)" }
        expired = report.expired.map { "\($0)" }
        cancelled = report.cancelled.map { "\($0)" }
        closing = report.closing.map { "\($0)" }
        waiting = report.waiting.map { Waiting(request: "\($0)", until: $1.rawValue) }.sorted { $0.until < $1.until }
        failed = report.failed.map { Failure(request: "\($0)", reason: $1) }.sorted { $0.request < $1.request }
        returnedLamports = report.returned.rawValue
        feesLamports = report.fees.rawValue
    }

    var text: String {
        var lines: [String] = []
        for request in closed { lines.append("closed     \(request), which its server had claimed") }
        for request in expired { lines.append("expired    \(request), which nobody had claimed in time") }
        for request in cancelled { lines.append("cancelled  \(request), which nobody had locked") }
        for item in waiting {
            let until = UnixTime(rawValue: item.until).moment()
            let isNew = closing.contains(item.request) ? ", shortened to that" : ""
            lines.append("waiting    \(item.request): its server may claim until \(until)\(isNew)")
        }
        for item in failed { lines.append("failed     \(item.request): \(item.reason)") }
        guard let sentence else { return lines.isEmpty ? "Nothing is due." : lines.joined(separator: "\n") }
        return (lines + [sentence]).joined(separator: "\n")
    }

    /// What changed, in one sentence; nil when nothing did.
    var sentence: String? {
        let done = closed.count + expired.count + cancelled.count
        guard done + closing.count > 0 else { return nil }
        let home = done > 0 ? "\(returnedLamports) lamports came home from \(done) request(s)" : "nothing came home yet"
        let later = closing.isEmpty ? "" : ", \(closing.count) lock(s) of a session that crashed were shortened"
        return "\(home)\(later); fees of \(feesLamports) lamports."
    }
}
