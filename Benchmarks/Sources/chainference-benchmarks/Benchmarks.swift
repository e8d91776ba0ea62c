import ArgumentParser
import Foundation

@main
struct Benchmarks: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chainference-benchmarks",
        abstract: "Compares ChainferenceKit with other software that does the same work, in one run.",
        discussion: """
            Every line is a ratio of two measurements that were made in turns on this machine, a few moments apart; \
            times alone mean little. Run it through Benchmarks/run, which builds it in release mode.
            """
    )

    @Option(
        help:
            "The interpreter of an environment with Benchmarks/requirements.txt; without it, no comparisons with Python."
    )
    var python: String?

    @Option(help: "Run only the groups whose name contains this.")
    var only: String?

    @Option(help: "How many turns each side gets. The median of the turns' ratios is printed.")
    var rounds = 9

    @Option(help: "What a SOL costs, in dollars, for figures in dollars.")
    var solPrice = 150.0

    @Flag(help: "Write the figures of sealing, handshake, streams and market to Documentation/performance.md.")
    var publish = false

    @Flag(help: "List the groups and stop.")
    var list = false

    func run() async throws {
        if list { return BenchmarkGroup.all.forEach { print($0.name) } }
        var stopwatch = Stopwatch(rounds: max(1, rounds))
        // …/Benchmarks/Sources/chainference-benchmarks/Benchmarks.swift
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        let context = BenchmarkContext(
            root: root,
            python: python,
            dollarsPerSOL: max(0.01, solPrice),
            publishes: publish ? root.appendingPathComponent("Documentation/performance.md").path : nil
        )
        for group in BenchmarkGroup.all where only.map({ group.name.contains($0) }) ?? true {
            print("\n\(group.title)")
            do {
                try await group.run(&stopwatch, context)
                let comparisons = stopwatch.takeTable()
                if let path = context.publishes, group.hasPublishedComparisons {
                    try PublishedSection(name: group.name).write(comparisons, to: path)
                }
            } catch let missing as BenchmarkUnavailable {
                print("  left out: \(missing.reason)")
            }
        }
        guard stopwatch.missedGoals.isEmpty else {
            print("\nMissed: \(stopwatch.missedGoals.joined(separator: "; "))")
            throw ExitCode(2)
        }
    }
}

/// What the groups need to know about where they run.
struct BenchmarkContext {
    /// The root of the checkout.
    let root: URL
    let python: String?
    /// What a SOL costs.
    let dollarsPerSOL: Double
    /// The document that figures are written to, if they are.
    let publishes: String?

    /// A Python process for comparisons with solders.
    func pythonFloor() throws -> PythonFloor { try python(script: "solders_floor.py") }

    /// A Python process that runs one of the scripts beside this package.
    func python(script: String) throws -> PythonFloor {
        guard let python else { throw BenchmarkUnavailable(reason: "no --python; run it through Benchmarks/run") }
        return try PythonFloor(interpreter: python, script: root.appendingPathComponent("Benchmarks/\(script)").path)
    }
}

/// Thrown by a group that can't run here.
struct BenchmarkUnavailable: Error {
    let reason: String
}

/// Some comparisons that belong together.
struct BenchmarkGroup: Sendable {
    let name: String
    let title: String
    /// Whether the document has a place for the group's comparisons.
    var hasPublishedComparisons = false
    let run: @Sendable (inout Stopwatch, BenchmarkContext) async throws -> Void

    static let all: [BenchmarkGroup] = [.chain, .borsh, .sealing, .handshake, .streams, .program, .cluster, .market]
}
