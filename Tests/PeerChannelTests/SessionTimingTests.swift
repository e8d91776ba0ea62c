import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Deadlines, signs of life, closing")
struct SessionTimingTests {
    @Test("After 15 s of silence a side asks for a sign of life; the answer keeps the session alive")
    func ping() throws {
        var pair = try MachinePair(shaping: .off)
        pair.open()
        let before = pair.serverWrites.count
        pair.beat(149)
        let quiet = pair.serverWrites.count
        #expect(quiet == before)
        pair.beat(2)
        let asked = pair.serverWrites.count
        #expect(asked > quiet)
        pair.beat(3_000)
        let endings = [pair.client.ending, pair.server.ending]
        #expect(endings == [nil, nil], "five minutes of nothing but signs of life")
    }

    @Test("After 45 s without a word the connection counts as dead")
    func silence() throws {
        var pair = try MachinePair(shaping: .off)
        pair.open()
        for tick in 1...449 { pair.server.beat(now: .milliseconds(tick * 100)) }
        let alive = pair.server.ending
        #expect(alive == nil)
        pair.server.beat(now: .seconds(45))
        pair.client.beat(now: .seconds(45))
        let endings = [pair.client.ending, pair.server.ending]
        #expect(endings == [.deadlineExceeded(.silence), .deadlineExceeded(.silence)])
    }

    @Test("Questions in a flood get one answer a record, and don't pile up")
    func pingFlood() throws {
        let client = try RawClient(shaping: .constantRate)
        for token in 0..<1_000 as Range<UInt64> { client.send(.ping(token)) }
        client.server.beat(now: .milliseconds(100))
        client.server.beat(now: .milliseconds(200))
        #expect(try client.read() == [.pong(999)])
    }

    @Test("A handshake has 10 s, on both sides")
    func handshakeDeadline() throws {
        var pair = try MachinePair()
        pair.server.beat(now: .milliseconds(9_999))
        pair.client.beat(now: .milliseconds(9_999))
        let early = [pair.client.ending, pair.server.ending]
        #expect(early == [nil, nil])
        pair.server.beat(now: .seconds(10))
        pair.client.beat(now: .seconds(10))
        let late = [pair.client.ending, pair.server.ending]
        #expect(late == [.deadlineExceeded(.handshake), .deadlineExceeded(.handshake)])
    }

    @Test("A program that does not decide in time is decided for")
    func authorizationDeadline() throws {
        var pair = try MachinePair()
        pair.exchange()
        pair.server.beat(now: .seconds(45))
        pair.exchange()
        let (client, server) = (pair.client.ending, pair.server.ending)
        #expect(server == .deadlineExceeded(.authorization))
        guard case .server(let message) = client else {
            Issue.record("\(String(describing: client))")
            return
        }
        #expect(message.code == .busy && message.retryAfter == .seconds(10))
    }

    @Test("A session without prompts is closed after the idle limit, in good order")
    func idle() throws {
        var hello = Fixture.hello
        hello.idleLimit = .seconds(60)
        var pair = try MachinePair(hello: hello)
        pair.open()
        pair.beat(598)
        let early = pair.server.closeReason
        #expect(early == nil)
        pair.beat(10)
        let waiting = pair.client.ending
        #expect(waiting == nil, "the client may have a last voucher to send")
        pair.beat(30)
        let (client, reason) = (pair.client.ending, pair.server.closeReason)
        #expect(reason == .idle)
        #expect(client == .closed(.idle))
        guard case .end = try pair.server.takePrompt() else {
            Issue.record("prompts go on")
            return
        }
    }

    @Test("At the end of its time a session is closed, and an answer under way is broken off with the reason")
    func timeLimit() throws {
        var hello = Fixture.hello
        hello.sessionLimit = .seconds(30)
        var pair = try MachinePair(hello: hello)
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        pair.beat(301)
        _ = try pair.client.nextEvent(1)
        var caught: PeerError?
        do throws(PeerError) { _ = try pair.client.nextEvent(1) } catch { caught = error }
        #expect(caught == .server(PeerErrorMessage(.tooLittleTime)))
        #expect(throws: PeerError.closed(.timeLimit)) {
            _ = try pair.server.send(1, [1], tokens: 1)
        }
        pair.beat(100)
        let ending = pair.client.ending
        #expect(ending == .closed(.timeLimit))
    }

    @Test("A client that closes waits for the padded end; the server's number of records is a multiple of 64")
    func paddedEnd() throws {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        let before = pair.serverWrites.count
        _ = try SessionTests.answer(&pair, prompt, Array("short".utf8))
        pair.client.close(now: pair.now)
        pair.beat(2)
        pair.server.close(.done, now: pair.now)
        pair.beat(63)
        let (client, server) = (pair.client.ending, pair.server.ending)
        #expect(client == .closed(.done) && server == .closed(.done))
        let records = pair.serverWrites.count - before
        #expect(records == 64)
    }

    @Test("Without shaping a close is the end")
    func closeUnshaped() throws {
        var pair = try MachinePair(shaping: .off)
        pair.open()
        pair.client.close(now: pair.now)
        pair.exchange()
        guard case .end = try pair.server.takePrompt() else {
            Issue.record("prompts go on")
            return
        }
        pair.server.close(.done, now: pair.now)
        let (client, server) = (pair.client.isOver, pair.server.isOver)
        #expect(client && server)
    }

    @Test("A client that closes in mid-answer ends it")
    func closeInAnswer() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        pair.beat(2)
        pair.client.close(now: pair.now)
        pair.beat(2)
        let unwanted = pair.server.isUnwanted(1)
        #expect(unwanted)
        #expect(throws: PeerError.closed(.done)) { _ = try pair.server.send(1, [1], tokens: 1) }
        #expect(throws: PeerError.closed(.done)) { try pair.client.send(Fixture.voucher(1)) }
    }

    @Test("A server that is drained finishes the answer under way, then closes")
    func drain() throws {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        pair.server.isDraining = true
        pair.server.settle(now: pair.now)
        let events = try SessionTests.answer(&pair, prompt, Array("whole".utf8))
        #expect(events.text == Array("whole".utf8))
        pair.beat(100)
        let ending = pair.client.ending
        #expect(ending == .closed(.shuttingDown))
    }

    @Test("A client that leaves says so in one last record")
    func leave() throws {
        var pair = try MachinePair()
        pair.open()
        pair.client.leave()
        pair.exchange()
        let (closed, size) = (pair.server.clientHasClosed, pair.clientWrites.last?.count)
        #expect(closed)
        #expect(size == 256)
    }
}
