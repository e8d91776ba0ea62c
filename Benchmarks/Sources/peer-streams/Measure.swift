import ArgumentParser
import Foundation

/// Starts both processes for each number of streams and prints what they used.
struct Measure: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Runs server and clients and prints a table.")

    @Option(help: "Numbers of streams at a time.", transform: { Int($0) ?? 1 })
    var streams: [Int] = [1, 10, 100, 1_000]

    @Option(help: "For how many seconds processor time is counted.")
    var seconds = 10.0

    func run() throws {
        Line.print(
            """
            | answers | shaping | server, memory per answer | client | server, of one core | per answer | model | client, \
            of one core | added, p50 | p99 |
            |---:|---|---:|---:|---:|---:|---:|---:|---:|---:|
            """
        )
        var figures: [Bool: [(count: Int, figure: Figure)]] = [:]
        for count in streams {
            let model = try modelShare(count)
            for unshaped in [true, false] {
                let figure = try measure(count, unshaped: unshaped, model: model)
                Line.print(figure.row(count, unshaped: unshaped))
                figures[unshaped, default: []].append((count, figure))
            }
        }
        for unshaped in [true, false] {
            guard let series = figures[unshaped], let first = series.first, let last = series.last, series.count > 1
            else { continue }
            Line.print(
                """

                \(unshaped ? "Without shaping" : "With the default shape"), from \(first.count) to \(last.count) answers: \
                \(last.figure.growth(since: first.figure, from: first.count, to: last.count)).
                """
            )
        }
    }

    /// What one line of the table says.
    private struct Figure {
        /// Bytes for each answer.
        var serverMemory: Double
        var clientMemory: Double
        /// Shares of one core.
        var server: Double
        var client: Double
        var model: Double
        /// Milliseconds.
        var p50: Double
        var p99: Double

        func row(_ count: Int, unshaped: Bool) -> String {
            let columns = [
                "\(count)", unshaped ? "off" : "default", memory(serverMemory), memory(clientMemory),
                percent(server, 0), percent(server / Double(count), 2), percent(model, 0), percent(client, 0),
                String(format: "%.1f ms", p50), String(format: "%.1f ms", p99),
            ]
            return "| " + columns.joined(separator: " | ") + " |"
        }

        /// How much more of each it takes.
        func growth(since first: Figure, from: Int, to: Int) -> String {
            func times(_ now: Double, _ before: Double) -> String {
                before > 0 ? String(format: "× %.1f", now / before) : "from nothing"
            }
            return "first token added p50 \(times(p50, first.p50)), p99 \(times(p99, first.p99)); "
                + "processor of the server \(times(server, first.server)) for × \(to / max(1, from)) answers"
        }

        private func memory(_ bytes: Double) -> String { String(format: "%.0f kB", bytes / 1_024) }
        private func percent(_ share: Double, _ decimals: Int) -> String {
            String(format: "%.\(decimals)f %%", share * 100)
        }
    }

    /// The processor's share that the model takes by itself; it is part of the server's.
    private func modelShare(_ count: Int) throws -> Double {
        let child = try Child(["model", "--streams", "\(count)"])
        defer { child.end() }
        _ = try child.expect("running")
        let (began, before) = (Date(), try child.usage())
        Thread.sleep(forTimeInterval: seconds / 2)
        return (try child.usage().cpu - before.cpu) / Date().timeIntervalSince(began)
    }

    private func measure(_ count: Int, unshaped: Bool, model: Double) throws -> Figure {
        let server = try Child(["server"])
        defer { server.end() }
        let port = try server.expect("listening")[0]
        let emptyServer = try server.usage()
        // Enough answers for a p99, and long enough for the processor's time to be counted.
        let answers = max(3, (100 + count - 1) / count)
        let tokens = max(5, Int((seconds + 5) * 30) / answers)
        let client = try Child(
            ["client", "--port", port, "--streams", "\(count)", "--answers", "\(answers)", "--tokens", "\(tokens)"]
                + (unshaped ? ["--unshaped"] : [])
        )
        defer { client.end() }
        let emptyClient = try client.usage()
        _ = try client.expect("running")
        let began = Date()
        let before = (server: try server.usage(), client: try client.usage())
        Thread.sleep(forTimeInterval: seconds)
        let after = (server: try server.usage(), client: try client.usage())
        let elapsed = Date().timeIntervalSince(began)
        let added = try client.expect("added").compactMap(Double.init).sorted()
        guard !added.isEmpty else { throw ChildFailure(reason: "no answers") }
        let serverShare = (after.server.cpu - before.server.cpu) / elapsed
        let clientShare = (after.client.cpu - before.client.cpu) / elapsed
        func memory(_ now: ProcessUsage, _ empty: ProcessUsage) -> Double {
            Double(now.memory - empty.memory) / Double(count)
        }
        func percentile(_ share: Double) -> Double {
            added[min(added.count - 1, Int(Double(added.count) * share))] / 1_000
        }
        return Figure(
            serverMemory: memory(after.server, emptyServer),
            clientMemory: memory(after.client, emptyClient),
            server: serverShare,
            client: clientShare,
            model: model,
            p50: percentile(0.5),
            p99: percentile(0.99)
        )
    }
}

/// A process of this program that talks in lines.
private final class Child {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var buffer = Data()

    init(_ arguments: [String]) throws {
        process.executableURL = URL(fileURLWithPath: Bundle.main.executablePath ?? CommandLine.arguments[0])
        process.arguments = arguments
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    func usage() throws -> ProcessUsage {
        input.fileHandleForWriting.write(Data("usage\n".utf8))
        let words = try expect("usage")
        guard words.count == 2, let cpu = Double(words[0]), let memory = Int(words[1]) else {
            throw ChildFailure(reason: "unreadable usage")
        }
        return ProcessUsage(cpu: cpu, memory: memory)
    }

    /// Waits for the line that begins with a word, dropping those before it.
    func expect(_ word: String) throws -> [String] {
        while true {
            while let end = buffer.firstIndex(of: UInt8(ascii: "\n")) {
                let words = String(decoding: buffer[buffer.startIndex..<end], as: UTF8.self).split(separator: " ")
                buffer.removeSubrange(...end)
                if words.first.map(String.init) == word { return words.dropFirst().map(String.init) }
            }
            let more = output.fileHandleForReading.availableData
            guard !more.isEmpty else { throw ChildFailure(reason: "the process ended before it said \"\(word)\"") }
            buffer += more
        }
    }

    func end() {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }
}

/// Thrown when one of the processes did not do its part.
struct ChildFailure: Error, CustomStringConvertible {
    let reason: String
    var description: String { reason }
}
