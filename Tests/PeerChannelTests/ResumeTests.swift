import SodiumCrypto
import Synchronization
import Testing
import VirtualTime

@testable import PeerChannel

@Suite("Answers that go on after the connection was lost")
struct ResumeTests {
    /// A backend that counts how often it is asked.
    final class Backend: Sendable {
        let text: [UInt8]
        private let asked = Mutex(0)

        init(_ text: [UInt8]) { self.text = text }

        var calls: Int { asked.withLock { $0 } }

        var serve: PeerServer.Serve {
            { [self] session in
                while let prompt = try await session.nextPrompt() {
                    asked.withLock { $0 += 1 }
                    let answer = session.answer(to: prompt)
                    try await answer.accept(Fixture.parameters)
                    var rest = text[...]
                    var tokens: UInt32 = 0
                    while !rest.isEmpty {
                        try await answer.send([UInt8](rest.prefix(7)), tokens: 1)
                        rest = rest.dropFirst(7)
                        tokens += 1
                        // Others get their turn, as with a real model.
                        await Task.yield()
                    }
                    try await answer.finish(.stop, inputTokens: 7, outputTokens: tokens) { receipt in
                        SHA256.hash(receipt.signedMessage) + [UInt8](repeating: 1, count: 32)
                    }
                }
            }
        }
    }

    static let atOnce = PeerReconnection { attempt, _ in attempt <= 20 ? .zero : nil }

    static func options(
        _ shaping: PeerShaping = .off,
        _ events: @escaping @Sendable (PeerConnectionEvent) -> Void = { _ in }
    ) -> PeerClient.Options {
        PeerClient.Options(
            shaping: shaping,
            handshakeTimeout: .seconds(120),
            waitsForPaddedEnd: false,
            reconnection: atOnce,
            onConnection: events
        )
    }

    static func server(
        configuration: PeerServer.Configuration = .init(handshakeTimeout: .seconds(120)),
        authorize: @escaping PeerServer.Authorize = { _ in PeerAdmission { _ in } },
        serve: @escaping PeerServer.Serve
    ) -> PeerServer {
        PeerServer(
            configuration: configuration,
            identity: Fixture.serverKey,
            context: Fixture.context,
            authorize: authorize,
            serve: serve
        )
    }

    static func session<Result: Sendable>(
        over network: FlakyNetwork,
        clock: some Clock<Duration> = ContinuousClock(),
        options: PeerClient.Options = options(),
        _ body: @escaping @Sendable (PeerSession) async throws -> Result
    ) async throws -> Result {
        try await PeerClient(clock: clock).runSession(
            connecting: network.connect,
            serverKey: Fixture.serverKey.publicKey,
            context: Fixture.context,
            identity: Fixture.clientKey,
            request: Fixture.request,
            options: options,
            body
        )
    }

    @Test("Resume mid-stream: killed at 200 random offsets, the output is byte-identical and generated once")
    func randomOffsets() async throws {
        let text = SeededRandom.bytes(3_000, seed: 5)
        func run(_ cuts: [FlakyNetwork.Cut]) async throws -> (FlakyNetwork, Int, [PeerAnswerEvent]) {
            let backend = Backend(text)
            let network = FlakyNetwork(server: Self.server(serve: backend.serve), cuts: cuts)
            let events = try await network.serving {
                try await Self.session(over: network) { session in
                    try await LoopbackTests.collect(try await session.prompt([1, 2, 3]))
                }
            }
            return (network, backend.calls, events)
        }
        let (network, _, whole) = try await run([])
        let (_, fromServer, fromClient) = network.traffic
        #expect(whole.text == text)
        // The first cut comes after the handshake: before it there is no session that could be continued.
        let handshake = (fromServer: 114, fromClient: 51 + 130)
        var random = SeededRandom(seed: 200)
        var cut = 0
        for _ in 0..<200 {
            var cuts: [FlakyNetwork.Cut] = [
                Bool.random(using: &random)
                    ? .fromServer(after: Int.random(in: handshake.fromServer..<fromServer, using: &random))
                    : .fromClient(after: Int.random(in: handshake.fromClient..<fromClient, using: &random))
            ]
            // Later ones may come at any time, in the handshake, too.
            while Bool.random(using: &random) {
                cuts.append(.fromServer(after: Int.random(in: 0..<fromServer, using: &random)))
            }
            let (network, calls, events) = try await run(cuts)
            #expect(events.text == text, "\(cuts)")
            #expect(calls == 1, "\(cuts)")
            #expect(events.finish?.digest == SHA256.hash(text))
            #expect(events.tokens == whole.tokens)
            let receipt = try #require(events.finish?.receipt)
            let isServers = Array(receipt.signature.prefix(32)) == SHA256.hash(receipt.signedMessage)
            #expect(isServers, "the receipt says on both sides which connection brought the prompt")
            cut += network.traffic.connections - 1
        }
        #expect(cut >= 150, "most cuts came before the end")
    }

    @Test("Resume of a shaped stream: the caller sees nothing but an event", arguments: [700, 1_500, 2_900])
    func shaped(offset: Int) async throws {
        let fast = try #require(StreamShape(tick: .milliseconds(10), recordSize: 256))
        let backend = Backend(SeededRandom.bytes(2_000, seed: 6))
        let configuration = PeerServer.Configuration(handshakeTimeout: .seconds(120), shape: fast, clientShape: fast)
        let network = FlakyNetwork(
            server: Self.server(configuration: configuration, serve: backend.serve),
            cuts: [.fromServer(after: offset)]
        )
        let seen = Mutex<[PeerConnectionEvent]>([])
        let options = Self.options(.constantRate) { event in seen.withLock { $0.append(event) } }
        let events = try await network.serving {
            try await Self.session(over: network, options: options) { session in
                try await LoopbackTests.collect(try await session.prompt([9]))
            }
        }
        #expect(events.text == backend.text)
        #expect(events.count { if case .accepted = $0 { true } else { false } } == 1)
        #expect(backend.calls == 1)
        let notes = seen.withLock { $0 }
        #expect(notes.count == 2)
        guard case .lost = notes.first, case .restored(attempts: 1) = notes.last else {
            Issue.record("\(notes)")
            return
        }
    }

    @Test("At most one generation: the same PROMPT 100 times over 10 connections is one call of the backend")
    func sameHundredTimes() async throws {
        let backend = Backend(SeededRandom.bytes(300, seed: 7))
        let network = FlakyNetwork(server: Self.server(serve: backend.serve))
        /// Each session stays open while the next one takes over.
        @Sendable func ask(connection: Int) async throws -> Int {
            guard connection < 10 else { return 0 }
            return try await Self.session(over: network) { session in
                var same = 0
                for _ in 0..<10 {
                    session.link.change { $0.nextPromptNumber = 1 }
                    let events = try await LoopbackTests.collect(try await session.prompt([4, 5, 6]))
                    if events.text == backend.text, events.finish?.digest == SHA256.hash(backend.text) { same += 1 }
                }
                return same + (try await ask(connection: connection + 1))
            }
        }
        let same = try await network.serving { try await ask(connection: 0) }
        #expect(same == 100)
        #expect(backend.calls == 1)
        #expect(network.traffic.connections == 10)
    }

    @Test("Another prompt under a number that was used is a conflict, also over another connection")
    func conflict() async throws {
        let backend = Backend([1, 2, 3])
        let network = FlakyNetwork(server: Self.server(serve: backend.serve))
        let outcome = try await network.serving {
            try await Self.session(over: network) { session in
                _ = try await LoopbackTests.collect(try await session.prompt([1]))
                return try await Self.session(over: network) { newer -> PeerError? in
                    do {
                        _ = try await LoopbackTests.collect(try await newer.prompt([2]))
                        return nil
                    } catch { return error as? PeerError }
                }
            }
        }
        #expect(outcome == .server(PeerErrorMessage(.promptConflict)))
        #expect(backend.calls == 1)
    }

    @Test("A newer connection of the same client supersedes the older, which is told so and does not come back")
    func superseded() async throws {
        let backend = Backend(SeededRandom.bytes(100_000, seed: 8))
        let network = FlakyNetwork(server: Self.server(serve: backend.serve))
        let (older, newer) = try await network.serving { () -> (PeerError?, [PeerAnswerEvent]) in
            try await Self.session(over: network) { session -> (PeerError?, [PeerAnswerEvent]) in
                let answer = try await session.prompt([1])
                var reader = answer.events.makeAsyncIterator()
                _ = try await reader.next()
                let events = try await Self.session(over: network) { newer in
                    try await LoopbackTests.collect(try await newer.prompt([1]))
                }
                do {
                    while try await reader.next() != nil {}
                    return (nil, events)
                } catch { return (error as? PeerError, events) }
            }
        }
        #expect(newer.text == backend.text)
        #expect(older == .truncated(received: older?.receivedBytes ?? 0))
        #expect(backend.calls == 1)
        #expect(network.traffic.connections == 2, "the older did not try again")
    }

    @Test("A prefix that is not the answer's is refused; the right one goes on")
    func prefixMismatch() throws {
        var pair = try MachinePair(shaping: .off)
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        _ = try pair.server.send(1, Array("Hello, world"[...].utf8)[...], tokens: 3)
        pair.exchange()
        let conversation = pair.server.surrender(now: .zero)

        func replies(offset: UInt64, digest: [UInt8]) throws -> [PeerRecord] {
            let client = try RawClient(admits: false)
            client.server.admit(Fixture.admission(), continuing: conversation, now: .zero)
            client.send(.resume(ResumeMessage(number: 1, window: 100, offset: offset, prefixDigest: digest)))
            return try client.read()
        }
        for (offset, prefix) in [(5, "Hellx"), (5, "Hell"), (6, "Hello"), (13, "Hello, world!")] as [(UInt64, String)] {
            let records = try replies(offset: offset, digest: SHA256.hash(Array(prefix.utf8)))
            #expect(records == [.error(number: 1, PeerErrorMessage(.prefixMismatch))], "\(offset) \(prefix)")
        }
        for offset in 0...12 {
            let prefix = Array("Hello, world".utf8.prefix(offset))
            let records = try replies(offset: UInt64(offset), digest: SHA256.hash(prefix))
            guard case .accept(let accept) = records.first else {
                Issue.record("\(records)")
                continue
            }
            #expect(prefix + accept.bytes == Array("Hello, world".utf8))
        }
    }

    @Test("A prompt that failed is not asked again: the same PROMPT gets the same error")
    func failureIsKept() async throws {
        let calls = Mutex(0)
        let message = PeerErrorMessage(.backendFailed, text: "once")
        let server = Self.server { session in
            while let prompt = try await session.nextPrompt() {
                calls.withLock { $0 += 1 }
                session.answer(to: prompt).fail(message)
            }
        }
        let network = FlakyNetwork(server: server)
        let errors = try await network.serving {
            try await Self.session(over: network) { session in
                var errors: [PeerError?] = []
                for _ in 0..<3 {
                    session.link.change { $0.nextPromptNumber = 1 }
                    do {
                        _ = try await LoopbackTests.collect(try await session.prompt([1]))
                    } catch { errors.append(error as? PeerError) }
                }
                return errors
            }
        }
        #expect(errors == [.server(message), .server(message), .server(message)])
        #expect(calls.withLock { $0 } == 1)
    }

    @Test("A policy that gives up: the answer is truncated, the cause told")
    func givesUp() async throws {
        let backend = Backend(SeededRandom.bytes(5_000, seed: 9))
        let network = FlakyNetwork(server: Self.server(serve: backend.serve), cuts: [.fromServer(after: 2_000)])
        var options = Self.options()
        options.reconnection = .never
        let outcome = try await network.serving { [options] in
            try await Self.session(over: network, options: options) { session -> PeerError? in
                do {
                    _ = try await LoopbackTests.collect(try await session.prompt([1]))
                    return nil
                } catch { return error as? PeerError }
            }
        }
        guard case .truncated(let received) = outcome else {
            Issue.record("\(String(describing: outcome))")
            return
        }
        #expect(received < 2_000)
    }

    @Test("A voucher that was lost with the connection is sent again")
    func lostVoucher() async throws {
        let stored = Mutex<[UInt64]>([])
        let server = Self.server(
            authorize: { _ in PeerAdmission { voucher in stored.withLock { $0.append(voucher.cumulative) } } },
            serve: { session in
                while let prompt = try await session.nextPrompt() {
                    let answer = session.answer(to: prompt)
                    try await answer.accept(Fixture.parameters)
                    try await session.waitForVoucher(timeout: .seconds(120)) { $0.cumulative >= 42 }
                    try await answer.send([1], tokens: 1)
                    try await answer.finish(.stop, inputTokens: 1, outputTokens: 1)
                }
            }
        )
        // The prompt's only record and a part of the voucher pass.
        let network = FlakyNetwork(server: server, cuts: [.fromClient(after: 51 + 130 + 22 + 45 + 20)])
        let events = try await network.serving {
            try await Self.session(over: network) { session in
                var events: [PeerAnswerEvent] = []
                for try await event in try await session.prompt([1]).events {
                    if case .accepted = event { try session.send(voucher: Fixture.voucher(42)) }
                    events.append(event)
                }
                return events
            }
        }
        #expect(events.text == [1])
        #expect(stored.withLock { $0 } == [42])
        #expect(network.traffic.connections == 2)
    }

    @Test("A client that stays away for too long loses its session, and the program hears of it", .virtualTime)
    func awayForTooLong() async throws {
        let clock = try VirtualClock.ofTest
        let (endings, ended) = AsyncStream.makeStream(of: PeerError?.self)
        let server = PeerServer(
            configuration: .init(resumeLimit: .seconds(30)),
            identity: Fixture.serverKey,
            context: Fixture.context,
            clock: clock,
            authorize: { _ in PeerAdmission { _ in } },
            serve: { session in
                do {
                    while let prompt = try await session.nextPrompt() {
                        let answer = session.answer(to: prompt)
                        try await answer.accept(Fixture.parameters)
                        try await answer.send([1, 2, 3], tokens: 1)
                        try await session.waitForVoucher(timeout: .seconds(5)) { _ in true }
                    }
                } catch {
                    ended.yield(error as? PeerError)
                }
            }
        )
        let network = FlakyNetwork(server: server, cuts: [.fromServer(after: 170)])
        let began = clock.now
        let error = try await network.serving {
            var options = PeerClient.Options(shaping: .off)
            options.reconnection = .never
            _ = try? await Self.session(over: network, clock: clock, options: options) { session in
                try await LoopbackTests.collect(try await session.prompt([1]))
            }
            for await ending in endings { return ending }
            return nil
        }
        guard case .connectionLost = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(began.duration(to: clock.now) >= .seconds(30))
    }
}

extension PeerError {
    /// How much of an answer had arrived, if it was truncated.
    fileprivate var receivedBytes: UInt64? {
        guard case .truncated(let received) = self else { return nil }
        return received
    }
}
