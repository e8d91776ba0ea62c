import CurlHTTP
import Testing

@testable import Inference

@Suite("Slow engines, slow readers and cancellation")
struct OpenAICompatibleBackendPaceTests {
    private let request: GenerationRequest

    init() throws {
        request = try OpenAICompatibleBackendTests.request()
    }

    @Test("A first token that does not come in time, with and without keep-alives", arguments: [0, 1, 2])
    func slowFirstToken(_ kind: Int) async throws {
        let engine = try FakeEngine { _, connection in
            if kind > 0 { connection.write(FakeEngine.eventStream) }
            while kind == 2, connection.writeChunk(": keep-alive\n\n"), connection.staysOpen(forMilliseconds: 20) {}
            connection.waitForClose()
        }
        let limit = Duration.milliseconds(200)
        let backend = OpenAICompatibleBackend(baseURL: engine.url, limits: .init(firstToken: limit))
        await #expect(throws: InferenceError.timedOut(.firstToken, limit: limit)) {
            try await backend.generate(request, into: Gathered().output)
        }
    }

    @Test(
        "A stall after the first token, silent or with keep-alives or empty chunks",
        arguments: ["", ": ping\n\n", FakeEngine.piece("")]
    )
    func stall(_ noise: String) async throws {
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            connection.writeChunk(FakeEngine.piece("x"))
            while !noise.isEmpty, connection.writeChunk(noise), connection.staysOpen(forMilliseconds: 20) {}
            connection.waitForClose()
        }
        let limit = Duration.milliseconds(200)
        let backend = OpenAICompatibleBackend(baseURL: engine.url, limits: .init(nextToken: limit))
        let gathered = Gathered()
        await #expect(throws: InferenceError.timedOut(.nextToken, limit: limit)) {
            try await backend.generate(request, into: gathered.output)
        }
        #expect(gathered.text == "x")
    }

    @Test("Pieces that keep coming pass the limits of silence and fail the one for the whole answer")
    func endless() async throws {
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            while connection.writeChunk(FakeEngine.piece("x")), connection.staysOpen(forMilliseconds: 10) {}
        }
        let whole = Duration.milliseconds(400)
        let limits = OpenAICompatibleBackend.Limits(firstToken: .seconds(5), nextToken: .seconds(5), wholeAnswer: whole)
        let backend = OpenAICompatibleBackend(baseURL: engine.url, limits: limits)
        await #expect(throws: InferenceError.timedOut(.wholeAnswer, limit: whole)) {
            try await backend.generate(request, into: Gathered().output)
        }
    }

    @Test("An answer with a finish reason is complete, though the server never closes")
    func openEnd() async throws {
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            connection.writeChunk(
                "data: {\"choices\":[{\"delta\":{\"content\":\"x\"},\"finish_reason\":\"stop\"}]}\n\n"
            )
            connection.waitForClose()
        }
        let backend = OpenAICompatibleBackend(baseURL: engine.url, limits: .init(nextToken: .milliseconds(100)))
        let summary = try await backend.generate(request, into: Gathered().output)
        #expect(summary == GenerationSummary(finishReason: .stop))
    }

    @Test("A slow reader holds the engine back, and that is no stall")
    func backpressure() async throws {
        let stalled = Signal<Int>()
        let piece = FakeEngine.piece(String(repeating: "x", count: 60_000))
        let chunk = Array("\(String(piece.utf8.count, radix: 16))\r\n\(piece)\r\n".utf8)
        let total = 20 << 20
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            var sent = 0
            var waits = 0
            while sent < total {
                var rest = chunk[...]
                while !rest.isEmpty {
                    guard let count = connection.writeForAWhile(Array(rest), patience: 500) else { return }
                    waits = count == 0 ? waits + 1 : 0
                    if waits == 3 { stalled.send(sent) }
                    rest = rest.dropFirst(count)
                    sent += count
                }
            }
            connection.writeChunk(FakeEngine.ending)
        }
        let reading = Signal<Void>()
        let gathered = Gathered { count in if count == 1 { _ = await reading.next() } }
        let backend = OpenAICompatibleBackend(baseURL: engine.url, limits: .init(nextToken: .seconds(1)))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let summary = try await backend.generate(request, into: gathered.output)
                #expect(summary.finishReason == .stop)
            }
            let sent = try #require(await stalled.next())
            #expect(sent < 16 << 20)
            #expect(gathered.deltas.count == 1)
            reading.send(())
            try await group.waitForAll()
        }
        #expect(gathered.text.utf8.count >= total / 60_200 * 60_000)
    }

    @Test("Cancelling, or a reader that throws, closes the connection to the engine", arguments: [true, false])
    func stopping(byCancelling: Bool) async throws {
        struct Enough: Error {}
        let closed = Signal<Void>()
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            connection.writeChunk(FakeEngine.piece("x"))
            connection.waitForClose()
            closed.send(())
        }
        let started = Signal<Void>()
        let gathered = Gathered { _ in
            if byCancelling { started.send(()) } else { throw Enough() }
        }
        let request = request
        let error = await withTaskGroup(of: (any Error)?.self) { group in
            group.addTask {
                do {
                    let backend = OpenAICompatibleBackend(baseURL: engine.url)
                    _ = try await backend.generate(request, into: gathered.output)
                    return nil
                } catch {
                    return error
                }
            }
            if byCancelling {
                _ = await started.next()
                group.cancelAll()
            }
            return await group.next() ?? nil
        }
        #expect(byCancelling ? error is CancellationError : error is Enough)
        #expect(await closed.next() != nil)
    }

    @Test("Sixty-four answers at a time arrive unmixed")
    func concurrency() async throws {
        let engine = try FakeEngine { _, connection in
            connection.write(FakeEngine.eventStream)
            for number in 0..<50 { connection.writeChunk(FakeEngine.piece("\(number) ")) }
            connection.writeChunk(FakeEngine.ending)
            connection.write("0\r\n\r\n")
        }
        let backend = OpenAICompatibleBackend(baseURL: engine.url)
        let expected = (0..<50).map { "\($0) " }.joined()
        let request = request
        try await withThrowingTaskGroup(of: String.self) { group in
            for _ in 0..<64 {
                group.addTask {
                    let gathered = Gathered()
                    _ = try await backend.generate(request, into: gathered.output)
                    return gathered.text
                }
            }
            for try await text in group { #expect(text == expected) }
        }
    }
}
