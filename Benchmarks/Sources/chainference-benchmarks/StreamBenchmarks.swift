import Foundation

extension BenchmarkGroup {
    /// 1 to 1,000 concurrent streams between two processes; a program of its own does the work.
    static let streams = BenchmarkGroup(
        name: "streams",
        title: "Concurrent answers over loopback sockets, clients in a process of their own (30 tokens a second each)"
    ) { _, context in
        guard let own = Bundle.main.executableURL else { throw BenchmarkUnavailable(reason: "no executable") }
        let process = Process()
        process.executableURL = own.deletingLastPathComponent().appendingPathComponent("peer-streams")
        process.arguments = ["measure"]
        let output = Pipe()
        process.standardOutput = output
        do {
            try process.run()
        } catch {
            throw BenchmarkUnavailable(reason: "peer-streams is not built; run it through Benchmarks/run")
        }
        var table = Data()
        while case let data = output.fileHandleForReading.availableData, !data.isEmpty {
            table += data
            FileHandle.standardOutput.write(data)
        }
        process.waitUntilExit()
        guard process.terminationStatus == 0 else { throw BenchmarkUnavailable(reason: "peer-streams failed") }
        if let path = context.publishes {
            let text = String(decoding: table, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
            try PublishedSection(name: "streams").write(text, to: path)
        }
    }
}
