import NIOCore
import PeerChannel
import Synchronization
import Testing

@testable import PeerRelay

@Suite("What passes through a circuit")
struct CircuitTests {
    /// A stream whose other end is the test.
    final class Pipe: ByteStream {
        private let incoming = AsyncStream.makeStream(of: ByteBuffer.self)
        private let gate = AsyncStream.makeStream(of: Void.self)
        private let isStalled: Bool
        private let state = Mutex((received: 0, sent: 0, hasFinished: false, isClosed: false))

        init(stalled: Bool = false) { isStalled = stalled }

        var received: Int { state.withLock { $0.received } }
        var sent: Int { state.withLock { $0.sent } }
        var hasFinished: Bool { state.withLock { $0.hasFinished } }
        var remoteHost: PeerHost? { nil }

        func put(_ count: Int) { incoming.continuation.yield(ByteBuffer(repeating: 1, count: count)) }
        func end() { incoming.continuation.finish() }

        func receive() async throws -> ByteBuffer? {
            for await bytes in incoming.stream {
                state.withLock { $0.received += bytes.readableBytes }
                return bytes
            }
            try Task.checkCancellation()
            return nil
        }

        func send(_ bytes: ByteBuffer) async throws {
            if isStalled { for await _ in gate.stream { break } }
            try Task.checkCancellation()
            state.withLock { $0.sent += bytes.readableBytes }
        }

        func finishSending() async throws { state.withLock { $0.hasFinished = true } }
        func close() async { abort() }
        func abort() {
            state.withLock { $0.isClosed = true }
            incoming.continuation.finish()
        }
    }

    private static func circuit(_ client: Pipe, _ server: Pipe, _ change: (inout RelayLimits) -> Void = { _ in })
        -> Circuit
    {
        var limits = RelayLimits()
        change(&limits)
        return Circuit(client: client, server: server, limits: limits, clock: SessionClock(ContinuousClock()))
    }

    @Test("Both directions end on their own; the circuit ends with the second")
    func halves() async {
        let (client, server) = (Pipe(), Pipe())
        client.put(10)
        client.end()
        server.put(20)
        server.put(30)
        server.end()
        let report = await Self.circuit(client, server).run()
        #expect(report == Circuit.Report(end: nil, bytes: 60))
        #expect(client.sent == 50 && server.sent == 10)
        #expect(client.hasFinished && server.hasFinished)
    }

    @Test("Backpressure: from a sender to a reader that stalls, one piece is read and no more")
    func backpressure() async {
        let (client, server) = (Pipe(stalled: true), Pipe())
        for _ in 0..<1_000 { server.put(16_384) }
        let running = Task { await Self.circuit(client, server).run() }
        while server.received == 0 { await Task.yield() }
        for _ in 0..<1_000 { await Task.yield() }
        #expect(server.received == 16_384)
        running.cancel()
        _ = await running.value
    }

    @Test("A limit of bytes is never exceeded")
    func bytes() async {
        let (client, server) = (Pipe(), Pipe())
        for _ in 0..<10 { server.put(100) }
        let report = await Self.circuit(client, server) { $0.circuitBytes = 450 }.run()
        #expect(report == Circuit.Report(end: .bytes, bytes: 400))
        #expect(client.sent == 400)
    }

    @Test("Silence ends a circuit")
    func idle() async {
        let (client, server) = (Pipe(), Pipe())
        let report = await Self.circuit(client, server) { $0.circuitIdle = .milliseconds(50) }.run()
        #expect(report.end == .idle)
    }
}
