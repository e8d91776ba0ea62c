import Foundation
import Inference
import Synchronization
import Testing

/// Real commands, as `sh` starts them.
@Suite struct ProcessBackendTests {
    private static let model = "test/command"

    private func backend(
        _ script: String,
        input: ProcessBackend.Input = .transcript,
        output: ProcessBackend.Output = .text,
        limits: ProcessBackend.Limits = .init()
    ) -> ProcessBackend {
        let command = ProcessBackend.Command("sh", arguments: ["-c", script], environment: ["EXTRA": "given"])
        return ProcessBackend(models: [Self.model], command: command, input: input, output: output, limits: limits)
    }

    private func request(_ text: String = "Hello", limit: Int? = nil, stops: [String] = []) throws -> GenerationRequest
    {
        try GenerationRequest(
            model: Self.model,
            messages: [.system("Be brief."), .user(text)],
            maximumOutputTokens: limit,
            stopSequences: stops,
            seed: 7
        )
    }

    private func text(_ backend: ProcessBackend, _ request: GenerationRequest) async throws -> (
        String, GenerationSummary
    ) {
        let text = Mutex("")
        let summary = try await backend.generate(
            request,
            into: GenerationOutput { delta in
                if case .text(let piece) = delta.content { text.withLock { $0 += piece } }
            }
        )
        return (text.withLock { $0 }, summary)
    }

    @Test func theTranscriptGoesInAndTheOutputComesOut() async throws {
        let (answer, summary) = try await text(backend("cat"), request())
        #expect(answer == "system: Be brief.\n\nuser: Hello\n")
        #expect(summary.finishReason == .stop)
    }

    @Test func theLastMessageOrTheWholeRequestGoIn() async throws {
        #expect(try await text(backend("cat", input: .lastMessage), request()).0 == "Hello")
        let request = try request()
        #expect(
            try await text(backend("cat", input: .json), request).0 == String(decoding: request.body, as: UTF8.self)
        )
    }

    @Test func theCommandKnowsTheRequestAndNothingElseOfTheEnvironment() async throws {
        setenv("CHAINFERENCE_TEST_SECRET", "hidden", 1)
        defer { unsetenv("CHAINFERENCE_TEST_SECRET") }
        let script =
            #"echo "$CHAINFERENCE_MODEL $CHAINFERENCE_MAX_TOKENS $CHAINFERENCE_SEED $EXTRA [$CHAINFERENCE_TEST_SECRET]""#
        let answer = try await text(backend(script), request(limit: 500)).0
        #expect(answer == "test/command 500 7 given []\n")
    }

    @Test func aCommandThatEndsAtOnceIsReadToTheEndByASlowReader() async throws {
        let count = Mutex(0)
        let script = "head -c 60000 /dev/zero | tr '\\0' x"
        _ = try await backend(script).generate(
            request(),
            into: GenerationOutput { delta in
                for _ in 0..<100 { await Task.yield() }
                count.withLock { $0 += delta.content.byteCount }
            }
        )
        #expect(count.withLock { $0 } == 60_000)
    }

    @Test func aLargePromptForACommandThatDoesNotReadIsNoError() async throws {
        let prompt = String(repeating: "long ", count: 200_000)
        #expect(try await text(backend("exec <&-; echo done"), request(prompt)).0 == "done\n")
    }

    @Test func theLimitOnTokensEndsAnEndlessCommand() async throws {
        let (answer, summary) = try await text(backend("yes"), request(limit: 10))
        #expect(answer.utf8.count == 40)
        #expect(summary.finishReason == .length)
    }

    @Test func aStopSequenceEndsAnEndlessCommand() async throws {
        let (answer, summary) = try await text(backend("echo one; echo two; yes"), request(stops: ["y\n"]))
        #expect(answer == "one\ntwo\n")
        #expect(summary.finishReason == .stop)
    }

    @Test func aFailureCarriesTheEndOfItsComplaint() async throws {
        await #expect {
            try await text(backend("echo partial; echo 'no such GPU' >&2; exit 3"), request())
        } throws: { error in
            guard case InferenceError.engineFailed(let reason) = error else { return false }
            return reason.contains("no such GPU") && reason.contains("3")
        }
    }

    @Test func aSilentCommandIsStopped() async throws {
        let limits = ProcessBackend.Limits(firstToken: .milliseconds(200), nextToken: .milliseconds(200))
        await #expect(throws: InferenceError.timedOut(.firstToken, limit: .milliseconds(200))) {
            try await text(backend("sleep 600", limits: limits), request())
        }
        await #expect(throws: InferenceError.timedOut(.nextToken, limit: .milliseconds(200))) {
            try await text(backend("echo begun; sleep 600", limits: limits), request())
        }
    }

    @Test func anAnswerThatTakesTooLongIsStopped() async throws {
        let limits = ProcessBackend.Limits(wholeAnswer: .milliseconds(300))
        await #expect(throws: InferenceError.timedOut(.wholeAnswer, limit: .milliseconds(300))) {
            try await text(backend("while :; do echo on; sleep 0.05; done", limits: limits), request())
        }
    }

    /// The child of the command holds the output open and says its process id; it must be gone afterwards.
    @Test func cancellationEndsTheCommandAndWhatItStarted() async throws {
        let (pieces, continuation) = AsyncStream<String>.makeStream()
        let work = Task {
            try await backend("sleep 600 & echo $!; wait").generate(
                request(),
                into: GenerationOutput { delta in
                    if case .text(let piece) = delta.content { continuation.yield(piece) }
                }
            )
        }
        var iterator = pieces.makeAsyncIterator()
        let child = try #require(
            await iterator.next().flatMap { pid_t($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        )
        #expect(kill(child, 0) == 0)
        work.cancel()
        await #expect(throws: CancellationError.self) { try await work.value }
        // The orphan is reaped by init; until then it may be a zombie, which is dead too.
        let state = try? String(contentsOfFile: "/proc/\(child)/stat", encoding: .utf8)
        #expect(kill(child, 0) != 0 || state?.contains(") Z ") == true)
    }

    @Test func theReaderCanStopTheCommand() async throws {
        struct Enough: Error {}
        await #expect(throws: Enough.self) {
            try await backend("yes").generate(request(), into: GenerationOutput { _ in throw Enough() })
        }
    }

    @Test func moreThanTheAllowedCommandsAreRefused() async throws {
        let backend = backend("echo begun; sleep 600", limits: .init(processes: 1))
        let (begun, continuation) = AsyncStream<Void>.makeStream()
        await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try await backend.generate(request(), into: GenerationOutput { _ in continuation.yield() })
            }
            var iterator = begun.makeAsyncIterator()
            _ = await iterator.next()
            await #expect(throws: InferenceError.overloaded(retryAfter: nil)) {
                try await backend.generate(request(), into: GenerationOutput { _ in })
            }
            group.cancelAll()
            await #expect(throws: CancellationError.self) { try await group.waitForAll() }
        }
    }

    @Test func anUnknownModelIsRefusedBeforeAnythingRuns() async throws {
        let other = try GenerationRequest(model: "test/other", messages: [.user("Hello")])
        await #expect(throws: InferenceError.unknownModel("test/other")) {
            try await backend("cat").generate(other, into: GenerationOutput { _ in })
        }
    }

    @Test func aMissingCommandIsUnavailable() async throws {
        let backend = ProcessBackend(models: [Self.model], command: .init("no-such-command-anywhere"))
        await #expect {
            _ = try await backend.models()
        } throws: { error in
            guard case InferenceError.unavailable = error else { return false }
            return true
        }
        await #expect {
            _ = try await backend.generate(request(), into: GenerationOutput { _ in })
        } throws: { error in
            guard case InferenceError.unavailable = error else { return false }
            return true
        }
    }
}
