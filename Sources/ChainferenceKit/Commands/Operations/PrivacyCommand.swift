public import ArgumentParser
import ChainferenceKit

/// `chainference privacy`: who learns what.
public struct PrivacyCommand: ParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "privacy",
        abstract: "Say in plain words what the chain, the node, the server and others learn when you buy an answer."
    )

    @Flag(help: "You pay from a disposable wallet.")
    var disposable = false

    @Flag(help: "You go through a proxy, such as Tor.")
    var proxied = false

    @Flag(help: "The server is reached through a relay.")
    var relayed = false

    @Flag(help: "You have turned shaping off.")
    var unshaped = false

    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Says it.
    public func run() throws {
        let report = PrivacyReport(
            isDisposable: disposable,
            hasProxy: proxied,
            isRelayed: relayed,
            shaping: unshaped ? .off : .constantRate
        )
        output.print(PrivacySummary(report))
    }
}

/// Who learns what.
struct PrivacySummary: Report {
    struct Finding: Encodable {
        let party: String
        let learns: [String]
        let doesNotLearn: [String]
    }

    let findings: [Finding]
    private let words: String

    enum CodingKeys: CodingKey {
        case findings
    }

    init(_ report: PrivacyReport) {
        findings = report.findings.map {
            Finding(
                party: $0.party.rawValue,
                learns: $0.facts.map(\.description),
                doesNotLearn: $0.hidden.map(\.hiddenDescription)
            )
        }
        words = report.description
    }

    var text: String { words }
}
