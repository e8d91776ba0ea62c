import Foundation

/// A Python process that does the same work on request and times itself, so that starting it and talking to it cost nothing.
final class PythonFloor {
    private let process = Process()
    private let input = Pipe()
    private let output = Pipe()
    private var received: [UInt8] = []

    init(interpreter: String, script: String) throws {
        process.executableURL = URL(fileURLWithPath: interpreter)
        process.arguments = [script]
        process.standardInput = input
        process.standardOutput = output
        try process.run()
    }

    deinit {
        try? input.fileHandleForWriting.close()
        process.waitUntilExit()
    }

    /// The nanoseconds that `count` repetitions took.
    func time(_ name: String, _ count: Int) throws -> UInt64 {
        guard let nanoseconds = UInt64(try ask("time \(name) \(count)")) else {
            throw BenchmarkUnavailable(reason: "Python did not answer with a time")
        }
        return nanoseconds
    }

    /// A number that the script knows by a name.
    func number(_ name: String) throws -> Int {
        guard let number = Int(try ask(name)) else {
            throw BenchmarkUnavailable(reason: "Python did not answer with a number")
        }
        return number
    }

    /// The digest of what the work produces.
    func check(_ name: String) throws -> String { try ask("check \(name)") }

    private func ask(_ line: String) throws -> String {
        try input.fileHandleForWriting.write(contentsOf: Data((line + "\n").utf8))
        while true {
            if let end = received.firstIndex(of: UInt8(ascii: "\n")) {
                defer { received.removeSubrange(...end) }
                return String(decoding: received[..<end], as: UTF8.self)
            }
            let data = output.fileHandleForReading.availableData
            guard !data.isEmpty else { throw BenchmarkUnavailable(reason: "Python ended; its message is above") }
            received += data
        }
    }
}
