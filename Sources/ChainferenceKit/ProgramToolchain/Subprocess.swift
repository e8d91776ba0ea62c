import Foundation
import Synchronization

/// Runs another program to its end, with a deadline and with cancellation.
struct Subprocess: Sendable {
    struct Outcome: Sendable {
        let status: Int32
        let standardOutput: String
        let standardError: String
    }

    var executable: String
    var arguments: [String]
    var directory: String?
    var input: String?
    var deadline: Duration = .seconds(300)

    func run() async throws(BuildError) -> Outcome {
        do {
            return try await withThrowingTaskGroup(of: Outcome?.self) { group in
                group.addTask { try await launch() }
                group.addTask {
                    try await Task.sleep(for: deadline)
                    return nil
                }
                defer { group.cancelAll() }
                guard let outcome = try await group.next(), let outcome else {
                    throw BuildError.toolTimedOut(name: name, limit: deadline)
                }
                return outcome
            }
        } catch let error as BuildError {
            throw error
        } catch is CancellationError {
            throw .cancelled
        } catch {
            throw .toolFailed(name: name, reason: "\(error)")
        }
    }

    private var name: String { URL(fileURLWithPath: executable).lastPathComponent }

    /// Output goes to files, which never fill up and block the program as pipes do.
    private func launch() async throws -> Outcome {
        let scratch = try TemporaryDirectory()
        defer { scratch.remove() }
        let output = scratch.url.appendingPathComponent("output")
        let errors = scratch.url.appendingPathComponent("errors")
        let inputFile = scratch.url.appendingPathComponent("input")
        try Data().write(to: output)
        try Data().write(to: errors)
        try Data((input ?? "").utf8).write(to: inputFile)

        let process = Process()
        process.executableURL = URL(fileURLWithPath: executable)
        process.arguments = arguments
        if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
        process.standardInput = try FileHandle(forReadingFrom: inputFile)
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        let running = RunningProcess(process)
        try await withTaskCancellationHandler {
            try await running.runToEnd()
        } onCancel: {
            running.terminate()
        }
        try Task.checkCancellation()
        return Outcome(
            status: process.terminationStatus,
            standardOutput: String(decoding: try Data(contentsOf: output), as: UTF8.self),
            standardError: String(decoding: try Data(contentsOf: errors), as: UTF8.self)
        )
    }
}

/// A process that can be ended before, while and after it runs.
private final class RunningProcess: Sendable {
    private enum State {
        case waiting
        case running
        case ended
    }
    // Foundation's Process is not Sendable; every use but the termination handler is inside the lock.
    private struct Guarded: @unchecked Sendable {
        let process: Process
        var state = State.waiting
    }
    private let guarded: Mutex<Guarded>

    init(_ process: sending Process) {
        guarded = Mutex(Guarded(process: process))
    }

    func runToEnd() async throws {
        try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
            let failure: (any Error)? = guarded.withLock { guarded in
                guard guarded.state == .waiting else { return CancellationError() }
                guarded.process.terminationHandler = { _ in continuation.resume() }
                do {
                    try guarded.process.run()
                    guarded.state = .running
                    return nil
                } catch {
                    guarded.state = .ended
                    return error
                }
            }
            if let failure { continuation.resume(throwing: failure) }
        }
        guarded.withLock { $0.state = .ended }
    }

    func terminate() {
        guarded.withLock { guarded in
            // Not SIGTERM: what a program ignores its children ignore too, and whoever waits for SIGTERM in a dispatch source
            // has to ignore it.
            if guarded.state == .running, guarded.process.isRunning { kill(guarded.process.processIdentifier, SIGKILL) }
            guarded.state = .ended
        }
    }
}

/// A directory that nobody else uses.
struct TemporaryDirectory: Sendable {
    let url: URL

    init() throws(BuildError) {
        url = FileManager.default.temporaryDirectory
            .appendingPathComponent("chainference-\(UUID().uuidString)", isDirectory: true)
        do {
            try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        } catch {
            throw .fileSystem("can't make a temporary directory: \(error.localizedDescription)")
        }
    }

    func remove() {
        try? FileManager.default.removeItem(at: url)
    }
}
