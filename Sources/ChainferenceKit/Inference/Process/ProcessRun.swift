import Subprocess
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// One command, from its start to its end.
struct ProcessRun {
    let backend: ProcessBackend
    let request: GenerationRequest

    /// How a run ended, as far as the command's output tells.
    private enum Ending {
        /// Its output came to an end.
        case ended(GenerationSummary)
        /// A limit was reached before that, so its exit status means nothing.
        case cutShort(GenerationSummary)
    }

    func perform(into output: GenerationOutput) async throws -> GenerationSummary {
        Self.ignoreBrokenPipes
        let silence = SilenceWatch(backend.limits)
        let complaint = Complaint()
        do {
            return try await withThrowingTaskGroup(of: GenerationSummary?.self) { group in
                group.addTask { try await run(into: output, silence: silence, complaint: complaint) }
                group.addTask {
                    try await silence.run()
                    return nil
                }
                defer { group.cancelAll() }
                // The watch never returns; it throws or is cancelled.
                guard let summary = try await group.next() ?? nil else { throw CancellationError() }
                return summary
            }
        } catch let error as SubprocessError {
            try Task.checkCancellation()
            throw InferenceError.unavailable(
                reason:
                    "the command \"\(backend.command.executable)\" can't be run: \(EngineText.shortened("\(error)"))"
            )
        }
    }

    private func run(
        into output: GenerationOutput,
        silence: SilenceWatch,
        complaint: Complaint
    ) async throws -> GenerationSummary {
        var options = PlatformOptions()
        // A session of its own, so that what the command starts can be ended with it.
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
        ]
        let result = try await Subprocess.run(
            backend.executable,
            arguments: Arguments(backend.command.arguments),
            environment: backend.environment(for: request),
            workingDirectory: backend.workingDirectory,
            platformOptions: options,
            input: .inputWriter,
            output: .sequence,
            error: .sequence
        ) { execution in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    // A command need not read what it has no use for.
                    _ = try? await execution.standardInputWriter.write(backend.standardInput(for: request))
                    try? await execution.standardInputWriter.finish()
                }
                group.addTask {
                    for try await part in execution.standardError { complaint.add(part.array) }
                }
                let ending = try await read(execution.standardOutput, into: output, silence: silence)
                if case .cutShort = ending {
                    await execution.teardown(using: options.teardownSequence)
                    group.cancelAll()
                } else {
                    try? await group.waitForAll()
                }
                return ending
            }
        }
        switch result.closureResult {
        case .cutShort(let summary):
            return summary
        case .ended(let summary):
            guard result.terminationStatus.isSuccess else {
                throw InferenceError.engineFailed(
                    reason: "the command ended with \(result.terminationStatus): \(complaint.text)"
                )
            }
            return summary
        }
    }

    private func read(
        _ bytes: SubprocessOutputSequence,
        into output: GenerationOutput,
        silence: SilenceWatch
    ) async throws -> Ending {
        var reader = ProcessAnswerReader(
            format: backend.output,
            stopSequences: request.stopSequences,
            tokenLimit: request.maximumOutputTokens
        )
        for try await part in bytes {
            let deltas = try reader.read(part.array)
            if try await write(deltas, to: output, silence: silence), !reader.isDone { silence.begin(.nextToken) }
            if reader.isDone { return .cutShort(reader.summary) }
        }
        let rest = try reader.finishReading()
        _ = try await write(rest, to: output, silence: silence)
        return reader.isDone ? .cutShort(reader.summary) : .ended(reader.summary)
    }

    private func write(_ deltas: [GenerationDelta], to output: GenerationOutput, silence: SilenceWatch) async throws
        -> Bool
    {
        guard !deltas.isEmpty else { return false }
        // A reader that takes its time is not the command's silence.
        silence.pause()
        for delta in deltas { try await output.write(delta) }
        return true
    }

    /// Writing to a command that has closed its input must be an error, not this process's end.
    private static let ignoreBrokenPipes: Void = {
        let before = signal(SIGPIPE, SIG_IGN)
        // Whoever handles the signal already keeps doing so.
        if let before, unsafeBitCast(before, to: Int.self) != 0 { signal(SIGPIPE, before) }
    }()
}

extension SubprocessOutputSequence.Buffer {
    fileprivate var array: [UInt8] { withUnsafeBytes { Array($0) } }
}

/// The end of what a command wrote to its standard error.
private final class Complaint: Sendable {
    private let bytes = Mutex<[UInt8]>([])

    func add(_ part: [UInt8]) {
        bytes.withLock { bytes in
            bytes += part
            if bytes.count > 4_096 { bytes.removeFirst(bytes.count - 2_048) }
        }
    }

    var text: String {
        let end = bytes.withLock { $0.suffix(256) }
        let text = EngineText.shortened(String(decoding: end, as: UTF8.self))
        return text.isEmpty ? "no explanation" : text
    }
}
