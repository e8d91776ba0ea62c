import SodiumCrypto
import Synchronization
import Testing

@testable import PeerChannel

@Suite("Sessions over real sockets")
struct LoopbackTests {
    /// Runs a server on a free port for as long as `body` runs.
    static func withServer<Result: Sendable>(
        configuration: PeerServer.Configuration? = nil,
        authorize: @escaping PeerServer.Authorize = { _ in PeerAdmission { _ in } },
        serve: @escaping PeerServer.Serve,
        _ body: @escaping @Sendable (PeerServer, PeerAddress) async throws -> Result
    ) async throws -> Result {
        let server = PeerServer(
            configuration: configuration ?? .init(host: "127.0.0.1", port: 0),
            identity: Fixture.serverKey,
            context: Fixture.context,
            authorize: authorize,
            serve: serve
        )
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
            group.addTask {
                try await server.run { continuation.yield($0) }
                return nil
            }
            group.addTask {
                var iterator = ports.makeAsyncIterator()
                let port = await iterator.next()!
                let address = try PeerAddress(
                    endpoint: .init(host: PeerHost("127.0.0.1")!, port: UInt16(port)),
                    serverKey: Fixture.serverKey.publicKey
                )
                return try await body(server, address)
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    /// Answers each prompt with itself, one token a byte.
    static let echo: PeerServer.Serve = { session in
        while let prompt = try await session.nextPrompt() {
            let answer = session.answer(to: prompt)
            try await answer.accept(Fixture.parameters)
            for byte in prompt.bytes { try await answer.send([byte], tokens: 1) }
            try await answer.finish(.stop, inputTokens: 7, outputTokens: UInt32(prompt.bytes.count))
        }
    }

    static func collect(_ answer: PeerAnswer) async throws -> [PeerAnswerEvent] {
        var events: [PeerAnswerEvent] = []
        for try await event in answer.events { events.append(event) }
        return events
    }

    @Test("Two prompts in one session, shaped and not", arguments: [PeerShaping.off, .constantRate])
    func twoPrompts(shaping: PeerShaping) async throws {
        let fast = StreamShape(tick: .milliseconds(10), recordSize: 256)!
        let configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0, shape: fast, clientShape: fast)
        let text = Array("Why is the sky blue? Because.".utf8)
        let result = try await Self.withServer(configuration: configuration, serve: Self.echo) { _, address in
            try await PeerClient().withSession(
                to: address,
                context: Fixture.context,
                identity: Fixture.clientKey,
                request: Fixture.request,
                options: .init(dialPolicy: .allowingLoopback, shaping: shaping)
            ) { session in
                var all: [[PeerAnswerEvent]] = []
                for _ in 0..<2 { all.append(try await Self.collect(try await session.prompt(text))) }
                return all
            }
        }
        #expect(result.count == 2)
        for events in result {
            #expect(events.first == .accepted(Fixture.parameters))
            #expect(events.text == text)
            #expect(events.tokens == text.count)
            #expect(events.finish?.reason == .stop)
            #expect(events.finish?.digest == SHA256.hash(text))
        }
    }
}
