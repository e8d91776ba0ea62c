import Foundation
import NIOCore
import NIOPosix
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
            configuration: configuration ?? .init(host: "127.0.0.1", port: 0, handshakeTimeout: .seconds(120)),
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
        let configuration = PeerServer.Configuration(
            host: "127.0.0.1",
            port: 0,
            handshakeTimeout: .seconds(120),
            shape: fast,
            clientShape: fast
        )
        let text = Array("Why is the sky blue? Because.".utf8)
        let result = try await Self.withServer(configuration: configuration, serve: Self.echo) { _, address in
            try await PeerClient().withSession(
                to: address,
                context: Fixture.context,
                identity: Fixture.clientKey,
                request: Fixture.request,
                options: .init(
                    dialPolicy: .allowingLoopback,
                    shaping: shaping,
                    connectTimeout: .seconds(120),
                    handshakeTimeout: .seconds(120)
                )
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

    @Test("32 clients at a time, each with an answer of its own")
    func concurrency() async throws {
        let texts = (0..<32).map { SeededRandom.bytes(500, seed: UInt64($0)) }
        let answers = try await Self.withServer(serve: Self.echo) { _, address in
            try await withThrowingTaskGroup(of: (Int, [UInt8]).self) { group in
                for (index, text) in texts.enumerated() {
                    group.addTask {
                        let events = try await Self.ask(
                            address,
                            text,
                            identity: Fixture.key(UInt8(index + 1)),
                            options: Self.unshaped
                        )
                        return (index, events.text)
                    }
                }
                var answers = [[UInt8]](repeating: [], count: texts.count)
                for try await (index, text) in group { answers[index] = text }
                return answers
            }
        }
        #expect(answers == texts)
    }

    /// Patient: a busy machine is no failure.
    static let unshaped = PeerClient.Options(
        dialPolicy: .allowingLoopback,
        shaping: .off,
        connectTimeout: .seconds(120),
        handshakeTimeout: .seconds(120)
    )

    static func ask(
        _ address: PeerAddress,
        _ prompt: [UInt8],
        identity: X25519.PrivateKey = Fixture.clientKey,
        context: PeerContext = Fixture.context,
        options: PeerClient.Options
    ) async throws -> [PeerAnswerEvent] {
        try await PeerClient().withSession(
            to: address,
            context: context,
            identity: identity,
            request: Fixture.request,
            options: options
        ) { try await collect(try await $0.prompt(prompt)) }
    }

    /// A connection without a protocol: sends bytes, says what comes back until the other side closes.
    static func raw(_ address: PeerAddress, _ bytes: [UInt8]) async throws -> [UInt8] {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: address.endpoint.host.description, port: Int(address.endpoint.port)) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(bytes: bytes))
            var received: [UInt8] = []
            do {
                for try await buffer in inbound { received += buffer.readableBytesView }
            } catch is IOError {
                // The server closes without reading what is left: the system says "reset".
            }
            return received
        }
    }

    @Test("Strangers get silence: other protocols, other keys, other chains, nothing at all")
    func strangers() async throws {
        var configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.handshakeTimeout = .milliseconds(300)
        let serve: PeerServer.Serve = { _ in Issue.record("served a stranger") }
        try await Self.withServer(configuration: configuration, serve: serve) { _, address in
            for bytes in [
                Array("GET / HTTP/1.1\r\nHost: example\r\n\r\n".utf8), [0x16, 3, 1, 0, 200], [1], [1, 0, 48],
                [1, 0, 48] + [UInt8](repeating: 7, count: 48), [], [UInt8](repeating: 0, count: 5_000),
            ] as [[UInt8]] {
                #expect(try await Self.raw(address, bytes).isEmpty)
            }
            let other = try PeerAddress(endpoint: address.endpoint, serverKey: Fixture.key(0x77).publicKey)
            await #expect(throws: PeerError.handshakeClosed) { try await Self.ask(other, [1], options: Self.unshaped) }
            let wallet = [UInt8](repeating: 8, count: 32)
            let context = PeerContext(
                genesisHash: Fixture.context.genesisHash,
                program: Fixture.context.program,
                serverWallet: wallet
            )
            await #expect(throws: PeerError.handshakeClosed) {
                try await Self.ask(address, [1], context: context, options: Self.unshaped)
            }
        }
    }

    @Test("Garbage connections don't keep an honest client out, and leave nothing behind")
    func garbage() async throws {
        var configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.handshakeTimeout = .milliseconds(500)
        try await Self.withServer(configuration: configuration, serve: Self.echo) { server, address in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for index in 0..<200 {
                    group.addTask {
                        let bytes = SeededRandom.bytes(index % 120, seed: UInt64(index))
                        _ = try? await Self.raw(address, bytes)
                    }
                }
                group.addTask {
                    let text = Array("honest".utf8)
                    let events = try await Self.ask(address, text, options: Self.unshaped)
                    #expect(events.text == text)
                }
                try await group.waitForAll()
            }
            while server.sessionCount > 0 { try await Task.sleep(for: .milliseconds(5)) }
        }
    }

    @Test("More connections than the half-open limit are closed at once")
    func halfOpenLimit() async throws {
        var configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.halfOpenLimit = 0
        try await Self.withServer(configuration: configuration, serve: Self.echo) { _, address in
            _ = await #expect(throws: PeerError.handshakeClosed) {
                try await Self.ask(address, [1], options: Self.unshaped)
            }
        }
    }

    @Test("A server with all its sessions taken says that it is busy")
    func busy() async throws {
        var configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0)
        configuration.sessionLimit = 0
        try await Self.withServer(configuration: configuration, serve: Self.echo) { _, address in
            _ = await #expect(throws: PeerError.server(PeerErrorMessage(.busy, retryAfter: .seconds(30)))) {
                try await Self.ask(address, [1], options: Self.unshaped)
            }
        }
    }

    @Test("A moment without file descriptors does not end the server")
    func acceptErrors() async throws {
        let events = try await Self.withServer(serve: Self.echo) { server, address in
            let listener = try #require(server.state.withLock { $0.listener })
            for code in [EMFILE, ENFILE, ECONNABORTED, ENOBUFS] {
                listener.pipeline.fireErrorCaught(IOError(errnoCode: code, reason: "accept"))
            }
            return try await Self.ask(address, [4, 2], options: Self.unshaped)
        }
        #expect(events.text == [4, 2])
    }

    @Test("A client whose task is cancelled still hands over its newest voucher and says good-bye")
    func cancelledClient() async throws {
        let (vouchers, stored) = AsyncStream.makeStream(of: UInt64.self)
        let (ends, ended) = AsyncStream.makeStream(of: Bool.self)
        let (accepts, accepted) = AsyncStream.makeStream(of: Void.self)
        let serve: PeerServer.Serve = { session in
            while let prompt = try await session.nextPrompt() {
                let answer = session.answer(to: prompt)
                try await answer.accept(Fixture.parameters)
                do {
                    try await session.waitForVoucher(timeout: .seconds(120)) { $0.cumulative > 1_000 }
                } catch PeerError.closed(.done) {
                    ended.yield(true)
                }
            }
        }
        let authorize: PeerServer.Authorize = { _ in PeerAdmission { stored.yield($0.cumulative) } }
        try await Self.withServer(authorize: authorize, serve: serve) { _, address in
            // Shaped: the voucher would have to wait for the next beat.
            let options = PeerClient.Options(
                dialPolicy: .allowingLoopback,
                connectTimeout: .seconds(120),
                handshakeTimeout: .seconds(120)
            )
            let client = Task {
                try await PeerClient().withSession(
                    to: address,
                    context: Fixture.context,
                    identity: Fixture.clientKey,
                    request: Fixture.request,
                    options: options
                ) { session in
                    for try await event in try await session.prompt([1]).events {
                        guard case .accepted = event else { continue }
                        try session.send(voucher: Fixture.voucher(77))
                        accepted.yield()
                    }
                }
            }
            for await _ in accepts { break }
            client.cancel()
            await #expect(throws: (any Error).self) { try await client.value }
            var iterator = vouchers.makeAsyncIterator()
            #expect(await iterator.next() == 77)
            var endings = ends.makeAsyncIterator()
            #expect(await endings.next() == true)
        }
    }

    @Test("Draining: the answer under way is finished, then the server's run returns; newcomers find nobody")
    func drain() async throws {
        let (reached, signal) = AsyncStream.makeStream(of: Void.self)
        let server = PeerServer(
            configuration: .init(host: "127.0.0.1", port: 0),
            identity: Fixture.serverKey,
            context: Fixture.context,
            authorize: { _ in PeerAdmission { _ in } },
            serve: { session in
                while let prompt = try await session.nextPrompt() {
                    let answer = session.answer(to: prompt)
                    try await answer.accept(Fixture.parameters)
                    signal.yield()
                    try await session.waitForVoucher(timeout: .seconds(120)) { $0.cumulative == 1 }
                    try await answer.send(prompt.bytes, tokens: 1)
                    try await answer.finish(.stop, inputTokens: 1, outputTokens: 1)
                }
            }
        )
        let (ports, continuation) = AsyncStream.makeStream(of: Int.self)
        async let finished: Void = server.run { continuation.yield($0) }
        var iterator = ports.makeAsyncIterator()
        let port = try #require(await iterator.next())
        let address = try PeerAddress(
            endpoint: .init(host: PeerHost("127.0.0.1")!, port: UInt16(port)),
            serverKey: Fixture.serverKey.publicKey
        )
        let events = try await PeerClient().withSession(
            to: address,
            context: Fixture.context,
            identity: Fixture.clientKey,
            request: Fixture.request,
            options: Self.unshaped
        ) { session in
            let answer = try await session.prompt([1, 2, 3])
            for await _ in reached { break }
            server.drain()
            try session.send(voucher: Fixture.voucher(1))
            return try await Self.collect(answer)
        }
        #expect(events.text == [1, 2, 3])
        try await finished
        await #expect(throws: PeerError.self) { try await Self.ask(address, [1], options: Self.unshaped) }
    }

    @Test("A client that is cancelled while it connects gives the attempt up")
    func cancelledConnecting() async throws {
        // A port where nobody takes connections up, and whose queue holds one: more attempts wait in vain.
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 0)
            .serverChannelOption(.autoRead, value: false)
            .bind(host: "127.0.0.1", port: 0).get()
        let address = try PeerAddress(
            endpoint: .init(
                host: #require(PeerHost("127.0.0.1")),
                port: UInt16(#require(listener.localAddress?.port))
            ),
            serverKey: Fixture.serverKey.publicKey
        )
        let (attempts, begun) = AsyncStream.makeStream(of: Void.self)
        var patient = Dialer(policy: .anywhere, timeout: .seconds(100_000), clock: SessionClock(ContinuousClock()))
        patient.resolve = { host in
            begun.yield()
            return [host]
        }
        let dialer = patient
        let first = try await dialer.connect(to: address.endpoint)
        try await withThrowingTaskGroup(of: (any Error)?.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    do {
                        await (try dialer.connect(to: address.endpoint)).close()
                        return nil
                    } catch { return error }
                }
            }
            // All of them know where to; one turn later they are connecting. Too early would test less, and fail nothing.
            for await _ in attempts.prefix(9) {}
            for _ in 0..<1_000 { await Task.yield() }
            group.cancelAll()
            for try await error in group { #expect(error == nil || error is CancellationError) }
        }
        await first.close()
        try await listener.close()
    }

    @Test("Nobody listens: the error says so")
    func unreachable() async throws {
        let address = try PeerAddress(
            endpoint: .init(host: PeerHost("127.0.0.1")!, port: 1),
            serverKey: Fixture.serverKey.publicKey
        )
        do {
            _ = try await Self.ask(address, [1], options: Self.unshaped)
            Issue.record("somebody answered")
        } catch PeerError.unreachable(let target, _) {
            #expect(target == "127.0.0.1:1")
        }
    }

    @Test("A name leads to its address: localhost, where that is allowed")
    func name() async throws {
        let events = try await Self.withServer(serve: Self.echo) { _, address in
            let endpoint = try PeerAddress.Endpoint(host: PeerHost("localhost")!, port: address.endpoint.port)
            let named = try PeerAddress(endpoint: endpoint, serverKey: address.serverKey)
            return try await Self.ask(named, [4, 2], options: Self.unshaped)
        }
        #expect(events.text == [4, 2])
    }

    @Test("A megabyte of answer through a 64 KiB window, to a reader that dawdles")
    func largeAnswer() async throws {
        let piece = SeededRandom.bytes(10_000, seed: 7)
        let serve: PeerServer.Serve = { session in
            while let prompt = try await session.nextPrompt() {
                let answer = session.answer(to: prompt)
                try await answer.accept(Fixture.parameters)
                for _ in 0..<105 { try await answer.send(piece, tokens: 3) }
                try await answer.finish(.length, inputTokens: 7, outputTokens: 315)
            }
        }
        let events = try await Self.withServer(serve: serve) { _, address in
            try await PeerClient().withSession(
                to: address,
                context: Fixture.context,
                identity: Fixture.clientKey,
                request: Fixture.request,
                options: Self.unshaped
            ) { session in
                var events: [PeerAnswerEvent] = []
                for try await event in try await session.prompt([1]).events {
                    for _ in 0..<20 { await Task.yield() }
                    events.append(event)
                }
                return events
            }
        }
        #expect(events.text.count == 1_050_000)
        #expect(events.tokens == 315)
        #expect(events.finish?.digest == SHA256.hash(events.text))
    }
}
