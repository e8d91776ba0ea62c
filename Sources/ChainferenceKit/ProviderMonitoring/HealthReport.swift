public import ChainferenceKit
import Foundation

/// Whether a provider does its work, and what is wrong if it does not.
public struct HealthReport: Hashable, Sendable, Codable {
    /// How long the chain may go unread before that is a fault.
    public static let longestSilence = Duration.seconds(60)

    /// How far the provider has come: `stopped`, `starting`, `serving` or `draining`.
    public var phase: String

    /// What keeps it from taking requests; empty when nothing does.
    public var problems: [String] = []

    /// Whether it takes requests.
    public var isHealthy: Bool { problems.isEmpty }

    /// Judges what a provider is doing.
    public init(_ status: ProviderStatus) {
        phase = status.phase.rawValue
        switch status.phase {
        case .serving: break
        case .stopped: problems.append("it does not run")
        case .starting: problems.append("it is not registered yet")
        case .draining: problems.append("it is shutting down")
        }
        guard status.phase == .serving else { return }
        if (status.sinceChainContact ?? status.uptime) > Self.longestSilence {
            problems.append("the cluster was not read for more than a minute")
        }
        if !status.backends.contains(where: \.isServing) { problems.append("no backend can be given work") }
    }

    /// The report as JSON, with a line break at the end.
    public var json: String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return (try? encoder.encode(self)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
    }
}
