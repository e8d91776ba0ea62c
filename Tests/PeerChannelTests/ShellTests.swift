import NIOCore
import SodiumCrypto
import Synchronization
import Testing
import VirtualTime

@testable import PeerChannel

@Suite("The shell, in memory and in virtual time", .virtualTime)
struct ShellTests {
    static func server(
        clock: some Clock<Duration>,
        authorize: @escaping PeerServer.Authorize = { _ in PeerAdmission { _ in } },
        serve: @escaping PeerServer.Serve
    ) -> PeerServer {
        PeerServer(
            configuration: .init(resumeLimit: .zero),
            identity: Fixture.serverKey,
            context: Fixture.context,
            clock: clock,
            authorize: authorize,
            serve: serve
        )
    }

    /// Runs a client against a server over memory.
    static func run<Result: Sendable>(
        _ server: PeerServer,
        _ clock: VirtualClock,
        options: PeerClient.Options = .init(),
        link: MemoryLink = MemoryLink(),
        _ body: @escaping @Sendable (PeerSession) async throws -> Result
    ) async throws -> Result {
        let client = PeerClient(clock: clock)
        var options = options
        options.reconnection = .never
        return try await withThrowingTaskGroup(of: Result?.self) { [options] group in
            group.addTask {
                await server.serveConnection(over: link.server.inbound, send: link.server.send)
                link.server.close()
                return nil
            }
            group.addTask {
                defer { link.client.close() }
                return try await client.runSession(
                    connecting: link.client.connect,
                    serverKey: Fixture.serverKey.publicKey,
                    context: Fixture.context,
                    identity: Fixture.clientKey,
                    request: Fixture.request,
                    options: options,
                    body
                )
            }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }

    @Test("A whole shaped session without a socket: the server's records are all alike and 64 divides their number")
    func whole() async throws {
        let clock = try VirtualClock.ofTest
        let link = MemoryLink()
        let text = Array("Why?".utf8)
        let server = Self.server(clock: clock, serve: LoopbackTests.echo)
        let events = try await Self.run(server, clock, link: link) { session in
            try await LoopbackTests.collect(try await session.prompt(text))
        }
        #expect(events.text == text)
        #expect(events.finish?.outputTokens == 4)
        let sizes = link.server.writes.sizes
        #expect(sizes.first == 114)
        #expect(sizes.dropFirst().reduce(0, +) == 64 * 256)
    }

    @Test("A server that says nothing runs into the handshake's deadline")
    func silentServer() async throws {
        let clock = try VirtualClock.ofTest
        let link = MemoryLink()
        await #expect(throws: PeerError.deadlineExceeded(.handshake)) {
            try await PeerClient(clock: clock).runSession(
                connecting: link.client.connect,
                serverKey: Fixture.serverKey.publicKey,
                context: Fixture.context,
                identity: Fixture.clientKey,
                request: Fixture.request,
                options: .init()
            ) { _ in }
        }
    }

    @Test("A voucher that does not come in time")
    func voucherDeadline() async throws {
        let clock = try VirtualClock.ofTest
        let seen = Mutex<PeerError?>(nil)
        let server = Self.server(clock: clock) { session in
            guard let prompt = try await session.nextPrompt() else { return }
            let answer = session.answer(to: prompt)
            try await answer.accept(Fixture.parameters)
            do {
                try await session.waitForVoucher(timeout: .seconds(30)) { $0.cumulative >= 10 }
            } catch let error as PeerError {
                seen.withLock { $0 = error }
                answer.fail(PeerErrorMessage(.voucherMissing))
            }
        }
        let error = try await Self.run(server, clock, options: .init(waitsForPaddedEnd: false)) {
            session -> PeerError? in
            let answer = try await session.prompt([1])
            try session.send(voucher: Fixture.voucher(9))
            do {
                _ = try await LoopbackTests.collect(answer)
                return nil
            } catch { return error as? PeerError }
        }
        #expect(seen.withLock { $0 } == .deadlineExceeded(.voucher))
        #expect(error == .server(PeerErrorMessage(.voucherMissing)))
    }

    @Test("A voucher counts only once the program has stored it; one that it refuses ends the session")
    func vouchers() async throws {
        let clock = try VirtualClock.ofTest
        let stored = Mutex<[UInt64]>([])
        let server = Self.server(
            clock: clock,
            authorize: { _ in
                PeerAdmission { voucher in
                    guard voucher.cumulative < 100 else { throw PeerErrorMessage(.voucherInvalid) }
                    stored.withLock { $0.append(voucher.cumulative) }
                }
            },
            serve: { session in
                guard let prompt = try await session.nextPrompt() else { return }
                let answer = session.answer(to: prompt)
                try await answer.accept(Fixture.parameters)
                let voucher = try await session.waitForVoucher(timeout: .seconds(30)) { $0.cumulative >= 10 }
                #expect(stored.withLock { $0 }.contains(voucher.cumulative))
                #expect(session.newestVoucher == voucher)
                try await answer.send([1], tokens: 1)
                try await session.waitForVoucher(timeout: .seconds(600)) { $0.cumulative >= 1_000 }
            }
        )
        let error = try await Self.run(server, clock, options: .init(waitsForPaddedEnd: false)) {
            session -> PeerError? in
            do {
                for try await event in try await session.prompt([1]).events {
                    if case .accepted = event { try session.send(voucher: Fixture.voucher(10)) }
                    if case .data = event { try session.send(voucher: Fixture.voucher(100)) }
                }
                return nil
            } catch { return error as? PeerError }
        }
        #expect(error == .server(PeerErrorMessage(.voucherInvalid)))
        #expect(stored.withLock { $0 } == [10])
    }

    @Test("Cancelling stops the program's work, and only that; the answer ends with what was used")
    func cancellation() async throws {
        let clock = try VirtualClock.ofTest
        let wasCancelled = Mutex(false)
        let server = Self.server(clock: clock) { session in
            while let prompt = try await session.nextPrompt() {
                let answer = session.answer(to: prompt)
                try await answer.accept(Fixture.parameters)
                let result: Int? = try await answer.untilCancelled {
                    try await answer.send([1, 2], tokens: 2)
                    do {
                        try await clock.sleep(until: clock.now.advanced(by: .seconds(1_000_000)), tolerance: nil)
                    } catch {
                        wasCancelled.withLock { $0 = true }
                        throw error
                    }
                    return 1
                }
                #expect(result == nil && answer.isCancelledByClient)
                try await answer.finish(.stop, inputTokens: 7, outputTokens: 2)
            }
        }
        let events = try await Self.run(server, clock, options: .init(waitsForPaddedEnd: false)) { session in
            var events: [PeerAnswerEvent] = []
            for try await event in try await session.prompt([1]).events {
                events.append(event)
                if case .data = event { session.cancel() }
            }
            return events
        }
        #expect(events.finish?.reason == .cancelled && events.finish?.outputTokens == 2)
        #expect(events.text == [1, 2])
        #expect(wasCancelled.withLock { $0 })
    }

    @Test("A side that reads nothing does not keep a connection: what is left to say has ten seconds after the end")
    func stuckNetwork() async throws {
        let clock = try VirtualClock.ofTest
        let time = SessionClock(clock)
        let machine = try ClientSessionMachine(
            settings: .init(
                request: Fixture.request,
                shaping: .constantRate,
                handshakeTimeout: .seconds(10),
                window: 1,
                firstPromptNumber: 1
            ),
            context: Fixture.context,
            serverKey: Fixture.serverKey.publicKey,
            identity: Fixture.clientKey,
            now: time.now()
        )
        let monitor = SessionMonitor(machine)
        let (inbound, _) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let began = clock.now
        await SessionShell(monitor: monitor, clock: time).run(over: inbound) { _ in
            // The first message is never taken, as by a socket whose other side has closed its window.
            try await clock.sleep(until: clock.now.advanced(by: .seconds(1_000_000)), tolerance: nil)
        }
        let ending = monitor.read { $0.ending }
        #expect(ending == .deadlineExceeded(.handshake))
        let took = began.duration(to: clock.now)
        #expect(took >= .seconds(20) && took < .seconds(21))
    }

    @Test("When the connection is lost the program's task is cancelled")
    func lostConnection() async throws {
        let clock = try VirtualClock.ofTest
        let link = MemoryLink()
        let wasCancelled = Mutex(false)
        let server = Self.server(clock: clock) { session in
            guard let prompt = try await session.nextPrompt() else { return }
            try await session.answer(to: prompt).accept(Fixture.parameters)
            do {
                try await clock.sleep(until: clock.now.advanced(by: .seconds(1_000_000)), tolerance: nil)
            } catch {
                wasCancelled.withLock { $0 = true }
            }
        }
        let error = try await Self.run(server, clock, link: link) { session -> PeerError? in
            do {
                for try await event in try await session.prompt([1]).events {
                    #expect(event == .accepted(Fixture.parameters))
                    // Both directions end, as when a cable is pulled and the systems notice.
                    link.client.close()
                    link.server.close()
                }
                return nil
            } catch { return error as? PeerError }
        }
        #expect(error == .truncated(received: 0))
        while server.sessionCount > 0 { try await clock.sleep(for: .milliseconds(1)) }
        #expect(wasCancelled.withLock { $0 })
    }

    @Test("Refusals reach the client with their code; other errors as internal ones, without their text")
    func refusals() async throws {
        struct Secret: Error {}
        let clock = try VirtualClock.ofTest
        func outcome(_ error: any Error) async throws -> PeerError? {
            let server = Self.server(clock: clock, authorize: { _ in throw error }, serve: { _ in })
            return try await Self.run(server, clock) { session -> PeerError? in
                do {
                    _ = try await LoopbackTests.collect(try await session.prompt([1]))
                    return nil
                } catch { return error as? PeerError }
            }
        }
        let message = PeerErrorMessage(.requestUnknown, retryAfter: .seconds(2), text: "not on the chain yet")
        #expect(try await outcome(message) == .server(message))
        #expect(try await outcome(Secret()) == .server(PeerErrorMessage(.internalError, retryAfter: .seconds(10))))
    }

    @Test(
        "The last voucher counts, however the session ends right after it",
        arguments: [PeerShaping.off, .constantRate],
        [true, false]
    )
    func lastVoucher(shaping: PeerShaping, waits: Bool) async throws {
        let clock = try VirtualClock.ofTest
        let stored = Mutex<[UInt64]>([])
        let atEnd = Mutex<UInt64?>(nil)
        let server = Self.server(
            clock: clock,
            authorize: { _ in
                PeerAdmission { voucher in
                    // Storing takes a moment.
                    try await clock.sleep(for: .milliseconds(10))
                    stored.withLock { $0.append(voucher.cumulative) }
                }
            },
            serve: { session in
                try await LoopbackTests.echo(session)
                atEnd.withLock { $0 = session.newestVoucher?.cumulative }
            }
        )
        let options = PeerClient.Options(shaping: shaping, waitsForPaddedEnd: waits)
        let link = MemoryLink()
        let client = PeerClient(clock: clock)
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                await server.serveConnection(over: link.server.inbound, send: link.server.send)
                link.server.close()
                return true
            }
            group.addTask {
                defer { link.client.close() }
                try await client.runSession(
                    connecting: link.client.connect,
                    serverKey: Fixture.serverKey.publicKey,
                    context: Fixture.context,
                    identity: Fixture.clientKey,
                    request: Fixture.request,
                    options: options
                ) { session in
                    _ = try await LoopbackTests.collect(try await session.prompt([1, 2, 3]))
                    try session.send(voucher: Fixture.voucher(77))
                    session.close()
                }
                return false
            }
            defer { group.cancelAll() }
            while let isServer = try await group.next(), !isServer {}
        }
        #expect(stored.withLock { $0 } == [77])
        #expect(atEnd.withLock { $0 } == 77)
    }

    @Test("A server that is drained still takes the voucher for its last answer")
    func voucherWhileDraining() async throws {
        let clock = try VirtualClock.ofTest
        let stored = Mutex<[UInt64]>([])
        let server = Self.server(
            clock: clock,
            authorize: { _ in PeerAdmission { voucher in stored.withLock { $0.append(voucher.cumulative) } } },
            serve: LoopbackTests.echo
        )
        let late = try await Self.run(server, clock, options: .init(shaping: .off)) { session -> PeerError? in
            let answer = try await session.prompt([1, 2, 3])
            for try await event in answer.events {
                if case .accepted = event { server.drain() }
            }
            // Whether the server's CLOSE is here already or not: no prompt is answered, but the money still goes through.
            try session.send(voucher: Fixture.voucher(5))
            do {
                _ = try await LoopbackTests.collect(try await session.prompt([4]))
                return nil
            } catch { return error as? PeerError }
        }
        #expect([.closed(.shuttingDown), .server(PeerErrorMessage(.shuttingDown))].contains(late))
        #expect(stored.withLock { $0 } == [5])
    }
}
