import Foundation
import Logging
import NIOCore
import NIOPosix
import PeerChannel
import SodiumCrypto
import Synchronization
import Testing

@testable import PeerRelay

@Suite("NAT reachability: servers that only dial out", .timeLimit(.minutes(4)))
struct RelayTests {
    @Test("A server without a port is reached through the relay; prompts and answers arrive whole")
    func reachable() async throws {
        let prompt = (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try await RelayWorld.withRelay { world in
            try await world.withServer { address, _ in
                #expect("\(address)".hasPrefix("\(world.address)/p2p-circuit/nxk/1/"))
                try await RelayWorld.expectEcho(address, prompt)
                try await RelayWorld.expectEcho(address, [1, 2, 3])
                #expect(world.relay.status.opened == 2)
                #expect(world.relay.status.servers == 1)
            }
        }
    }

    @Test("Sixteen clients at a time, each with an answer of its own")
    func concurrency() async throws {
        try await RelayWorld.withRelay { world in
            try await world.withServer { address, _ in
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for number in 0..<16 as Range<UInt8> {
                        let prompt = [UInt8](repeating: number, count: 5_000 + Int(number))
                        group.addTask { try await RelayWorld.expectEcho(address, prompt) }
                    }
                    try await group.waitForAll()
                }
            }
        }
    }

    @Test("A server listens directly and behind two relays at once, with one key")
    func severalWays() async throws {
        try await RelayWorld.withRelay { world in
            try await RelayWorld.withRelay { second in
                let identity = X25519.PrivateKey()
                let ports = AsyncStream.makeStream(of: Int.self)
                var configuration = PeerServer.Configuration(host: "127.0.0.1", port: 0)
                configuration.relays = [world.address, second.address]
                let server = PeerServer(
                    configuration: configuration,
                    identity: identity,
                    context: RelayWorld.context,
                    authorize: { _ in PeerAdmission { _ in } },
                    serve: RelayWorld.echo
                )
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await server.run { ports.continuation.yield($0) } }
                    defer { group.cancelAll() }
                    var iterator = ports.stream.makeAsyncIterator()
                    let port = try #require(await iterator.next())
                    let direct = try PeerAddress(
                        endpoint: .init(host: PeerHost("127.0.0.1")!, port: UInt16(port)),
                        serverKey: identity.publicKey
                    )
                    try await RelayWorld.expectEcho(direct, [1])
                    // One of the relays may be a moment later than the other.
                    for relay in [world.address, second.address] {
                        let address = try relay.address(ofServer: identity.publicKey)
                        let answer = try await Self.askWhenReachable(address, [2])
                        #expect(answer == [2])
                    }
                }
            }
        }
    }

    /// Asks again for as long as the relay does not know the server.
    static func askWhenReachable(_ address: PeerAddress, _ prompt: [UInt8]) async throws -> [UInt8] {
        while true {
            do {
                return try await RelayWorld.ask(address, prompt)
            } catch PeerError.relayRefused(let refusal) where [.serverUnknown, .serverOffline].contains(refusal.code) {
                try Task.checkCancellation()
            } catch PeerError.unreachable {
                try Task.checkCancellation()
            }
        }
    }

    // MARK: Refusals

    private static func refusal(_ address: PeerAddress) async throws -> RelayRefusal.Code? {
        do {
            _ = try await RelayWorld.ask(address, [1])
            return nil
        } catch PeerError.relayRefused(let refusal) {
            return refusal.code
        }
    }

    @Test("A server that was never there is unknown; one that has left is offline")
    func unknownAndOffline() async throws {
        try await RelayWorld.withRelay { world in
            let stranger = try world.address.address(ofServer: X25519.PrivateKey().publicKey)
            #expect(try await Self.refusal(stranger) == .serverUnknown)
            let address = try await world.withServer { address, _ in address }
            while try await Self.refusal(address) != .serverOffline { try Task.checkCancellation() }
            #expect(world.relay.status.servers == 0)
        }
    }

    @Test("A server with as many circuits as it may have is busy; when one ends there is room again")
    func busy() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let (doors, door) = AsyncStream.makeStream(of: Void.self)
        try await RelayWorld.withRelay(limits: .with { $0.circuitsPerServer = 1 }) { world in
            let serve: PeerServer.Serve = { session in
                arrived.yield()
                for await _ in doors { break }
                try await RelayWorld.echo(session)
            }
            try await world.withServer(serve: serve) { address, _ in
                async let first = RelayWorld.ask(address, [1])
                for await _ in arrivals { break }
                #expect(try await Self.refusal(address) == .serverBusy)
                door.yield()
                door.yield()
                let answer = try await first
                #expect(answer == [1])
                while world.relay.status.circuits > 0 { await Task.yield() }
                try await RelayWorld.expectEcho(address, [2])
            }
        }
    }

    @Test("A server that does not take up its clients, or turns them away, is reported as such")
    func noAnswer() async throws {
        try await RelayWorld.withRelay(limits: .with { $0.answerTime = .milliseconds(300) }) { world in
            let identity = X25519.PrivateKey()
            let clock = SessionClock(ContinuousClock())
            let dialer = Dialer(policy: .anywhere, timeout: .seconds(60), clock: clock)
            let stream = try await dialer.connect(to: world.address.endpoint)
            try await stream.closing {
                let link = RelayLink(try RelayControl(speakingTo: world.address.key, as: identity), over: stream)
                _ = try await link.establish()
                try await link.send(.reserve(seconds: 60))
                guard case .reserved = try await link.message() else { throw RelayFault.unexpected }
                let address = try world.address.address(ofServer: identity.publicKey)
                async let silent = Self.refusal(address)
                guard case .incoming(let late) = try await link.message() else { throw RelayFault.unexpected }
                #expect(try await silent == .noAnswer)
                async let declined = Self.refusal(address)
                guard case .incoming(let token) = try await link.message() else { throw RelayFault.unexpected }
                try await link.send(.decline(token))
                #expect(try await declined == .serverBusy)
                // Tokens that nobody waits for any more.
                for token in [late, token, RelayToken()] {
                    let back = try await dialer.connect(to: world.address.endpoint)
                    await #expect(throws: PeerError.relayRefused(RelayRefusal(.tokenUnknown))) {
                        try await RelayCircuit.accept(token, over: back, relay: world.address)
                    }
                    await back.close()
                }
                #expect(world.relay.status.circuits == 0)
            }
        }
    }

    @Test("A relay that announces clients without end does not make a server dial without end")
    func announcements() async throws {
        // A relay that takes up one connection and lets all others wait in the system's queue, which holds two.
        let (connections, connected) = AsyncStream.makeStream(of: TCPStream.self)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 1)
            .serverChannelOption(.autoRead, value: false)
            .serverChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { connected.yield(try TCPStream(wrapping: channel)) }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        listener.read()
        let key = X25519.PrivateKey()
        let endpoint = try PeerAddress.Endpoint(
            host: #require(PeerHost("127.0.0.1")),
            port: UInt16(#require(listener.localAddress?.port))
        )
        var configuration = PeerServer.Configuration()
        configuration.listensDirectly = false
        configuration.relays = [try RelayAddress(endpoint: endpoint, key: key.publicKey)]
        configuration.handshakeTimeout = .seconds(120)
        let server = PeerServer(
            configuration: configuration,
            identity: X25519.PrivateKey(),
            context: RelayWorld.context,
            logger: Logger(label: "test.server", factory: { _ in SwiftLogNoOpLogHandler() }),
            authorize: { _ in PeerAdmission { _ in } },
            serve: RelayWorld.echo
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await server.run() }
            guard let stream = await connections.first(where: { _ in true }) else { throw CancellationError() }
            try await stream.closing {
                let link = RelayLink(RelayControl(answeringAs: key), over: stream)
                _ = try await link.establish()
                guard case .reserve = try await link.message() else { throw RelayFault.unexpected }
                let limits = CircuitLimits(seconds: 60, bytes: 1 << 20)
                try await link.send(.reserved(RelayTerms(seconds: 600, circuits: 1, limits: limits)))
                var announced = 0
                while true {
                    for _ in 0..<50 { try await link.send(.incoming(RelayToken())) }
                    announced += 50
                    try await link.send(.ping(1))
                    let answer = try await link.message()
                    if case .decline = answer { break }
                    #expect(answer == .pong(1))
                }
                // As many as may be dialled for have been taken up before.
                #expect(announced > 256)
            }
            group.cancelAll()
            while (try? await group.next()) != nil {}
        }
        try await listener.close()
    }

    @Test("The same key from a second process: the newer one is reachable, the older one is told")
    func superseded() async throws {
        try await RelayWorld.withRelay { world in
            let identity = X25519.PrivateKey()
            let dialer = Dialer(policy: .anywhere, timeout: .seconds(60), clock: SessionClock(ContinuousClock()))
            let stream = try await dialer.connect(to: world.address.endpoint)
            try await stream.closing {
                let link = RelayLink(try RelayControl(speakingTo: world.address.key, as: identity), over: stream)
                _ = try await link.establish()
                try await link.send(.reserve(seconds: 60))
                guard case .reserved = try await link.message() else { throw RelayFault.unexpected }
                try await world.withServer(identity: identity) { address, _ in
                    guard case .refused(let refusal) = try await link.message() else { throw RelayFault.unexpected }
                    #expect(refusal.code == .superseded)
                    try await RelayWorld.expectEcho(address, [5])
                }
            }
        }
    }

    @Test("Another relay at the address: the client notices, and the server's key is not shown to it")
    func wrongRelay() async throws {
        try await RelayWorld.withRelay { world in
            let forged = try RelayAddress(endpoint: world.address.endpoint, key: X25519.PrivateKey().publicKey)
            let address = try forged.address(ofServer: X25519.PrivateKey().publicKey)
            await #expect(throws: PeerError.handshakeClosed) { try await RelayWorld.ask(address, [1]) }
        }
    }

    @Test(
        "Handshake DoS: whoever says nothing, or nothing true, is closed without a byte when its time is up",
        arguments: 0..<4
    )
    func silence(kind: Int) async throws {
        try await RelayWorld.withRelay(limits: .with { $0.handshakeTime = .milliseconds(200) }) { world in
            let dialer = Dialer(policy: .anywhere, timeout: .seconds(60), clock: SessionClock(ContinuousClock()))
            let stream = try await dialer.connect(to: world.address.endpoint)
            switch kind {
            case 0: break
            case 1: try await stream.send(ByteBuffer(bytes: [1]))
            case 2: try await stream.send(ByteBuffer(bytes: [1, 0, 48] + [UInt8](repeating: 7, count: 48)))
            default:
                // A true handshake, and then nothing.
                let link = RelayLink(try RelayControl(speakingTo: world.address.key, as: nil), over: stream)
                _ = try await link.establish()
            }
            // A connection that is reset says as little as one that is closed.
            let answer = try? await stream.receive()
            #expect(answer == nil)
            await stream.close()
            #expect(world.relay.status == Relay.Status())
        }
    }

    // MARK: Limits of a circuit

    @Test("A circuit ends at its limit of bytes, and the client's answer is truncated, not complete")
    func bytes() async throws {
        let log = LogLines()
        try await RelayWorld.withRelay(logger: log.logger, limits: .with { $0.circuitBytes = 50_000 }) { world in
            try await world.withServer { address, _ in
                try await RelayWorld.expectEcho(address, [1, 2])
                let long = [UInt8](repeating: 7, count: 40_000)
                let once = RelayWorld.options(reconnection: .never)
                await #expect(throws: PeerError.self) { try await RelayWorld.ask(address, long, options: once) }
                // Over as many circuits as it takes, the answer is whole.
                #expect(try await RelayWorld.ask(address, long) == long)
            }
        }
        #expect(log.lines.contains { $0.contains("limit: bytes") || $0.contains("\"limit\": bytes") })
    }

    @Test("A circuit ends when its time is up")
    func duration() async throws {
        try await RelayWorld.withRelay(limits: .with { $0.circuitDuration = .milliseconds(200) }) { world in
            let serve: PeerServer.Serve = { session in while try await session.nextPrompt() != nil {} }
            try await world.withServer(serve: serve) { address, _ in
                let once = RelayWorld.options(reconnection: .never)
                await #expect(throws: PeerError.self) { try await RelayWorld.ask(address, [1], options: once) }
                while world.relay.status.circuits > 0 { await Task.yield() }
            }
        }
    }

    // MARK: Reservations

    @Test("A relay that comes back is found again, without anybody's help")
    func reconnection() async throws {
        let relayKey = X25519.PrivateKey()
        let identity = X25519.PrivateKey()
        let (moves, move) = AsyncStream.makeStream(of: RelayAddress.self)
        let first = try await RelayWorld.withRelay(identity: relayKey) { $0.address }
        let answer = try await withThrowingTaskGroup(of: [UInt8]?.self) { group in
            // The server begins while there is no relay at all.
            let world = RelayWorld(
                relay: Relay(identity: relayKey),
                address: first
            )
            group.addTask {
                try await world.withServer(identity: identity) { address, _ in
                    for await _ in moves {}
                    return nil
                }
            }
            group.addTask {
                try await RelayWorld.withRelay(port: Int(first.endpoint.port), identity: relayKey) { world in
                    _ = try await Self.askWhenReachable(try world.address.address(ofServer: identity.publicKey), [1])
                }
                return try await RelayWorld.withRelay(port: Int(first.endpoint.port), identity: relayKey) { world in
                    try await Self.askWhenReachable(try world.address.address(ofServer: identity.publicKey), [2])
                }
            }
            defer {
                move.finish()
                group.cancelAll()
            }
            while let answer = try await group.next() {
                if let answer { return answer }
            }
            return []
        }
        #expect(answer == [2])
    }

    @Test("A short reservation is refreshed in time")
    func refresh() async throws {
        // The shortest that a relay grants is ten seconds; half of it is when the server asks again.
        try await RelayWorld.withRelay(limits: .with { $0.reservationDuration = .seconds(10) }) { world in
            let dialer = Dialer(policy: .anywhere, timeout: .seconds(60), clock: SessionClock(ContinuousClock()))
            let stream = try await dialer.connect(to: world.address.endpoint)
            try await stream.closing {
                let link = RelayLink(
                    try RelayControl(speakingTo: world.address.key, as: X25519.PrivateKey()),
                    over: stream
                )
                _ = try await link.establish()
                for _ in 0..<3 {
                    try await link.send(.reserve(seconds: 1_800))
                    guard case .reserved(let terms) = try await link.message() else { throw RelayFault.unexpected }
                    #expect(terms.seconds == 10)
                }
            }
        }
    }

    @Test("Draining: no new client comes in, the session under way is finished, then the server ends")
    func draining() async throws {
        let (arrivals, arrived) = AsyncStream.makeStream(of: Void.self)
        let (doors, door) = AsyncStream.makeStream(of: Void.self)
        try await RelayWorld.withRelay { world in
            let identity = X25519.PrivateKey()
            var configuration = PeerServer.Configuration()
            configuration.listensDirectly = false
            configuration.relays = [world.address]
            let server = PeerServer(
                configuration: configuration,
                identity: identity,
                context: RelayWorld.context,
                authorize: { _ in PeerAdmission { _ in } },
                serve: { session in
                    guard let prompt = try await session.nextPrompt() else { return }
                    // Not before: a session without a prompt is ended by draining.
                    arrived.yield()
                    let answer = session.answer(to: prompt)
                    try await answer.accept(
                        AnswerParameters(inputTokens: 1, maximumOutputTokens: 9, voucherWindow: 9)
                    )
                    for await _ in doors { break }
                    try await answer.send(prompt.bytes, tokens: 1)
                    try await answer.finish(.stop, inputTokens: 1, outputTokens: 1)
                }
            )
            let address = try world.address.address(ofServer: identity.publicKey)
            async let finished: Void = server.run()
            async let answer = Self.askWhenReachable(address, [8])
            for await _ in arrivals { break }
            server.drain()
            while world.relay.status.servers > 0 { await Task.yield() }
            #expect(try await Self.refusal(address) == .serverOffline)
            door.yield()
            let text = try await answer
            #expect(text == [8])
            try await finished
        }
    }

    @Test("A server that is to listen nowhere says so")
    func nowhere() async throws {
        var configuration = PeerServer.Configuration()
        configuration.listensDirectly = false
        let server = PeerServer(
            configuration: configuration,
            identity: X25519.PrivateKey(),
            context: RelayWorld.context,
            authorize: { _ in PeerAdmission { _ in } },
            serve: RelayWorld.echo
        )
        await #expect(throws: PeerError.self) { try await server.run() }
    }

    // MARK: Blindness

    @Test("Blind rendezvous: the server sees no client address, and the relay's log names no client")
    func blind() async throws {
        let log = LogLines()
        try await RelayWorld.withRelay(logger: log.logger) { world in
            try await world.withServer { address, _ in _ = try await RelayWorld.ask(address, [1]) }
        }
        let text = log.lines.joined(separator: "\n")
        #expect(text.contains("a server is reachable"))
        #expect(!text.contains("127.0.0.1"))
    }

    @Test("A private relay is refused like any private target, unless allowed")
    func dialPolicy() async throws {
        try await RelayWorld.withRelay { world in
            let address = try world.address.address(ofServer: X25519.PrivateKey().publicKey)
            await #expect(throws: PeerError.refusedTarget("\(address.endpoint)")) {
                try await RelayWorld.ask(address, [1], options: RelayWorld.options(policy: .publicOnly))
            }
            #expect(world.relay.status.refused == 0)
        }
    }
}
