import Foundation

extension BenchmarkGroup {
    /// 1 to 1,000 concurrent streams between two processes; a program of its own does the work.
    static let streams = BenchmarkGroup(
        name: "streams",
        title: "Concurrent answers over loopback sockets, clients in a process of their own (30 tokens a second each)"
    ) { _, _ in
        guard let own = Bundle.main.executableURL else { throw BenchmarkUnavailable(reason: "no executable") }
        let process = Process()
        process.executableURL = own.deletingLastPathComponent().appendingPathComponent("peer-streams")
        process.arguments = ["measure"]
        do {
            try process.run()
        } catch {
            throw BenchmarkUnavailable(reason: "peer-streams is not built; run it through Benchmarks/run")
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkUnavailable(reason: "peer-streams failed") }
    }
}
