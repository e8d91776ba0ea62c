public import ArgumentParser
import ChainferenceKit
import ProviderConfiguration

/// `chainference doctor`: what is wrong, and what to do.
public struct DoctorCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check the node, the clock, the wallet, the backends and the ports, and say what to do.",
        discussion: """
            Without --config it checks what a buyer needs; with a provider's configuration file, what that provider needs, \
            and if it runs on this machine how it is. Nothing is spent or changed. Exit status 2: something does not work.
            """
    )

    @Option(help: "A provider's configuration file.", completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @OptionGroup(title: "Market") var market: NetworkOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Examines and prints.
    public func run() async throws {
        let doctor: Doctor
        if let config {
            let file = try ProviderConfigurationFile(contentsOf: config)
            doctor = Doctor(
                cluster: file.cluster,
                market: file.market,
                walletPath: file.walletPath,
                provider: file.plan,
                healthURL: file.monitoring.map { "http://\(Self.reachable($0.host)):\($0.port)/health" },
                proxy: try market.resolvedProxy()
            )
        } else {
            doctor = Doctor(
                cluster: try market.place.resolvedCluster(),
                market: try market.place.market(),
                walletPath: try market.place.walletPath(),
                proxy: try market.resolvedProxy()
            )
        }
        let json = output.json
        let findings = await doctor.examine { finding in
            if !json { Console.output(FindingReport(finding).text) }
        }
        let report = ExaminationReport(findings)
        if json { output.print(report) } else { Console.output("\n" + report.text) }
        if !report.isWell { throw ExitCode(2) }
    }

    /// Who listens at every address also does at this machine's own.
    private static func reachable(_ host: String) -> String {
        switch host {
        case "0.0.0.0": "127.0.0.1"
        case "::": "[::1]"
        case _ where host.contains(":"): "[\(host)]"
        default: host
        }
    }
}

/// One finding.
struct FindingReport: Report {
    let subject: String
    let status: String
    let detail: String
    let advice: String?

    init(_ finding: Finding) {
        subject = finding.subject.rawValue
        status = finding.status.rawValue
        detail = finding.detail
        advice = finding.advice
    }

    var text: String {
        let mark =
            switch status {
            case Finding.Status.good.rawValue: "✓"
            case Finding.Status.warning.rawValue: "!"
            case Finding.Status.failure.rawValue: "✗"
            default: "-"
            }
        let name = subject + String(repeating: " ", count: max(0, 14 - subject.count))
        return "\(mark) \(name)\(detail)"
            + (advice.map { "\n  " + String(repeating: " ", count: 14) + "→ \($0)" } ?? "")
    }
}

/// All findings.
struct ExaminationReport: Report {
    let isWell: Bool
    let findings: [FindingReport]
    private let warnings: Int

    enum CodingKeys: CodingKey {
        case isWell
        case findings
    }

    init(_ findings: [Finding]) {
        isWell = findings.allSatisfy { $0.status != .failure && $0.status != .skipped }
        warnings = findings.count { $0.status == .warning }
        self.findings = findings.map { FindingReport($0) }
    }

    var text: String {
        let failures = findings.count { $0.status == Finding.Status.failure.rawValue }
        if isWell { return warnings == 0 ? "Ready." : "Ready, with \(warnings) thing(s) to look at." }
        return failures == 1 ? "One thing does not work." : "\(failures) things do not work."
    }
}
