import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Sessions as pure state machines")
struct SessionTests {
    static let text = Array("The sky is blue because of Rayleigh scattering.".utf8)

    /// Answers a prompt with `text`, a few bytes a beat, and reads everything.
    static func answer(
        _ pair: inout MachinePair,
        _ prompt: PeerPrompt,
        _ text: [UInt8],
        piece: Int = 5,
        sign: ((PeerReceipt) -> [UInt8])? = nil
    ) throws -> [PeerAnswerEvent] {
        try pair.server.accept(prompt.number, Fixture.parameters)
        var events: [PeerAnswerEvent] = []
        var rest = text[...]
        while !rest.isEmpty {
            let sent = try pair.server.send(prompt.number, rest.prefix(piece), tokens: 1)
            if sent { rest = rest.dropFirst(piece) }
            pair.beat()
            events += try pair.events(prompt.number)
        }
        let tokens = UInt32((text.count + piece - 1) / piece)
        var receipt = try pair.server.receipt(prompt, reason: .stop, inputTokens: 7, outputTokens: tokens)
        if let sign { receipt.signature = sign(receipt) }
        try pair.server.finish(receipt)
        while events.finish == nil {
            pair.beat()
            events += try pair.events(prompt.number)
        }
        return events
    }

    @Test(
        "A prompt, its answer, a signed receipt that both sides build alike",
        arguments: [PeerShaping.off, .constantRate]
    )
    func wholeSession(shaping: PeerShaping) throws {
        var pair = try MachinePair(shaping: shaping)
        pair.open()
        let candidate = try pair.prompt(Array("Why is the sky blue?".utf8))
        let prompt = try #require(candidate)
        #expect(prompt.number == 1)
        #expect(prompt.digest == SHA256.hash(prompt.bytes))
        var signed: [UInt8] = []
        let events = try Self.answer(&pair, prompt, Self.text) { receipt in
            signed = receipt.signedMessage
            return [UInt8](repeating: 5, count: 64)
        }
        #expect(events.first == .accepted(Fixture.parameters))
        #expect(events.text == Self.text)
        let finish = try #require(events.finish)
        #expect(finish.reason == .stop && finish.inputTokens == 7 && finish.outputTokens == 10)
        #expect(events.tokens == 10)
        let receipt = try #require(finish.receipt)
        #expect(receipt.signedMessage == signed)
        #expect(receipt.signature == [UInt8](repeating: 5, count: 64))
        #expect(signed.count == 22 + 1 + 4 * 32 + 4 + 8 + 4 + 4 + 1)
        #expect(signed.starts(with: Array("chainference/receipt/1".utf8)))
    }

    @Test("Several prompts in one session, each with its own number; old answers can't be read any more")
    func severalPrompts() throws {
        var pair = try MachinePair()
        pair.open()
        for number in 1...5 as ClosedRange<UInt32> {
            let candidate = try pair.prompt([UInt8(number)])
            let prompt = try #require(candidate)
            #expect(prompt.number == number)
            let events = try Self.answer(&pair, prompt, Array(Self.text.prefix(Int(number) * 7)))
            #expect(events.text == Array(Self.text.prefix(Int(number) * 7)))
        }
        #expect(throws: PeerError.answerSuperseded) { _ = try pair.client.nextEvent(1) }
    }

    @Test("A prompt while an answer arrives, and one that is too large, are refused before anything is sent")
    func refusedPrompts() throws {
        var hello = Fixture.hello
        hello.promptByteLimit = 100
        var pair = try MachinePair(hello: hello)
        pair.open()
        let writes = pair.clientWrites.count
        #expect(throws: PeerError.promptTooLarge(bytes: 101, limit: 100)) {
            _ = try pair.client.submit([UInt8](repeating: 1, count: 101))
        }
        pair.exchange()
        let after = pair.clientWrites.count
        #expect(after == writes)
        _ = try pair.prompt([1])
        #expect(throws: PeerError.promptInProgress) { _ = try pair.client.submit([2]) }
    }

    @Test("A number that was used before gets an error, and the session goes on")
    func promptConflict() throws {
        let client = try RawClient()
        client.send(RawClient.prompt([1], number: 5))
        client.server.fail(5, PeerErrorMessage(.backendFailed))
        client.send(RawClient.prompt([2], number: 5))
        client.send(RawClient.prompt([3], number: 4))
        let records = try client.read()
        let codes = records.compactMap { record -> PeerErrorCode? in
            guard case .error(_, let message) = record else { return nil }
            return message.code
        }
        #expect(codes == [.backendFailed, .promptConflict, .promptConflict])
        client.send(RawClient.prompt([4], number: 6))
        let number = client.server.answer?.number
        #expect(number == 6)
    }

    @Test("RESUME of an answer that nobody knows gets an error, and the session goes on")
    func resume() throws {
        let client = try RawClient()
        let prefixDigest = [UInt8](repeating: 0, count: 32)
        client.send(.resume(ResumeMessage(number: 3, window: 9, offset: 10, prefixDigest: prefixDigest)))
        let records = try client.read()
        guard case .error(number: 3, let message) = records.first else {
            Issue.record("\(records)")
            return
        }
        #expect(message.code == .resumeUnavailable)
    }

    @Test("Cancelling stops the answer: CANCELLED says what was used, and the end has the reason")
    func cancel() throws {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        try pair.server.accept(1, Fixture.parameters)
        _ = try pair.server.send(1, [1, 2, 3], tokens: 2)
        pair.beat(2)
        pair.client.cancel()
        pair.beat(2)
        let isCancelled = pair.server.isCancelled(1)
        #expect(isCancelled)
        #expect(throws: PeerError.cancelledByClient) {
            _ = try pair.server.send(1, [4], tokens: 1)
        }
        let receipt = try pair.server.receipt(prompt, reason: .stop, inputTokens: 7, outputTokens: 2)
        #expect(receipt.reason == .cancelled)
        try pair.server.finish(receipt)
        pair.beat(3)
        let events = try pair.events(1)
        #expect(events.finish?.reason == .cancelled)
        #expect(events.text == [1, 2, 3])
        let next = try pair.prompt([2])
        #expect(next?.number == 2)
    }

    @Test("Cancelling before the prompt is accepted ends it without an answer")
    func cancelEarly() throws {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        pair.client.cancel()
        pair.beat(2)
        #expect(throws: PeerError.cancelledByClient) {
            try pair.server.accept(1, Fixture.parameters)
        }
        try pair.server.finish(pair.server.receipt(prompt, reason: .stop, inputTokens: 0, outputTokens: 0))
        pair.beat(2)
        let events = try pair.events(1)
        #expect(events.finish?.reason == .cancelled)
    }

    @Test("An error breaks an answer off; what had arrived can be read, and the session goes on")
    func failure() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        _ = try pair.server.send(1, [1, 2, 3], tokens: 2)
        pair.beat(3)
        let message = PeerErrorMessage(.backendFailed, retryAfter: .milliseconds(1_500), text: "out of memory")
        pair.server.fail(1, message)
        pair.beat(2)
        let reading = try pair.client.nextEvent(1)
        guard case .event(.accepted) = reading else {
            Issue.record("\(reading)")
            return
        }
        let data = try pair.client.nextEvent(1)
        guard case .event(.data) = data else {
            Issue.record("\(data)")
            return
        }
        #expect(throws: PeerError.server(message)) { _ = try pair.client.nextEvent(1) }
        let next = try pair.prompt([2])
        #expect(next?.number == 2)
    }

    @Test("A refused client learns why; its session is over")
    func refusal() throws {
        var pair = try MachinePair()
        pair.exchange()
        let message = PeerErrorMessage(.requestNotLockedHere, text: "locked by somebody else")
        pair.server.refuse(message, now: pair.now)
        pair.exchange()
        let ending = pair.client.ending
        #expect(ending == .server(message))
        let size = pair.serverWrites.last?.count
        #expect(size == 256, "a refusal has the size of any record")
    }

    @Test("Only the newest voucher counts, and only after the program has accepted it")
    func vouchers() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        for amount in [5, 9, 7] as [UInt64] { try pair.client.send(Fixture.voucher(amount)) }
        pair.beat(2)
        let accepted = pair.server.acceptedVoucher
        #expect(accepted == nil)
        let voucher = pair.server.takeCandidateVoucher()
        #expect(voucher == Fixture.voucher(9))
        pair.server.voucherAccepted(Fixture.voucher(9))
        try pair.client.send(Fixture.voucher(8))
        pair.beat(4)
        let older = pair.server.takeCandidateVoucher()
        #expect(older == nil, "a smaller one is not even looked at")
    }

    @Test("Vouchers and windows take turns in the client's stream")
    func turns() throws {
        var pair = try MachinePair(window: 400)
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        _ = try pair.server.send(1, [UInt8](repeating: 1, count: 4_000)[...], tokens: 1)
        var received = 0
        var seen: Set<UInt64> = []
        for round in 1...40 as ClosedRange<UInt64> {
            try pair.client.send(Fixture.voucher(round))
            pair.beat(2)
            received += try pair.events(1).text.count
            if let voucher = pair.server.takeCandidateVoucher() { seen.insert(voucher.cumulative) }
        }
        #expect(received == 4_000, "a voucher at every beat does not keep the window shut")
        #expect(seen.count >= 19 && seen.contains(40))
    }

    @Test("A reader that stalls: the server sends no more than the window, and takes no more than its buffer")
    func backpressure() throws {
        for shaping in [PeerShaping.off, .constantRate] {
            var pair = try MachinePair(shaping: shaping, window: 2_000, sendBuffer: 1_000)
            pair.open()
            _ = try pair.prompt([1])
            try pair.server.accept(1, Fixture.parameters)
            pair.exchange()
            var taken = 0
            for _ in 0..<500 {
                while try pair.server.send(1, [UInt8](repeating: 7, count: 100)[...], tokens: 1) { taken += 100 }
                pair.beat()
            }
            let waiting = pair.server.answer?.waitingCount ?? 0
            let received = pair.client.answer?.received ?? 0
            #expect(received == 2_000)
            #expect(taken <= 2_000 + 1_000 + 100 && waiting <= 1_100)
            // Reading lets it go on.
            var text = try pair.events(1).text
            for _ in 0..<100 {
                pair.beat()
                text += try pair.events(1).text
            }
            #expect(text.count == taken)
        }
    }

    @Test("A client that reads nothing for two minutes loses its answer")
    func stall() throws {
        var pair = try MachinePair(window: 10)
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        _ = try pair.server.send(1, [UInt8](repeating: 7, count: 100)[...], tokens: 1)
        pair.beat(1_190)
        let early = pair.server.ending
        #expect(early == nil)
        pair.beat(30)
        let late = pair.server.ending
        #expect(late == .deadlineExceeded(.stall))
    }

    @Test("An answer that is not finished when the connection goes is truncated")
    func truncated() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        try pair.server.accept(1, Fixture.parameters)
        _ = try pair.server.send(1, [1, 2, 3], tokens: 3)
        pair.beat(2)
        pair.client.disconnected(nil, now: pair.now)
        _ = try pair.client.nextEvent(1)
        _ = try pair.client.nextEvent(1)
        #expect(throws: PeerError.truncated(received: 3)) { _ = try pair.client.nextEvent(1) }
        pair.server.disconnected("reset by peer", now: pair.now)
        #expect(try pair.server.send(1, [4], tokens: 1), "the answer goes on for a client that comes back")
        pair.server.giveUp()
        #expect(throws: PeerError.connectionLost(reason: "reset by peer")) {
            _ = try pair.server.send(1, [4], tokens: 1)
        }
    }

    @Test("The program is told when it uses an answer wrongly")
    func misuse() throws {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        func isMisuse(_ body: () throws -> Void) -> Bool {
            do {
                try body()
                return false
            } catch {
                if case .misuse = error as? PeerError { return true }
                return false
            }
        }
        #expect(isMisuse { _ = try pair.server.send(1, [1], tokens: 1) }, "before accept")
        #expect(isMisuse { try pair.server.accept(2, Fixture.parameters) }, "another number")
        try pair.server.accept(1, Fixture.parameters)
        #expect(isMisuse { try pair.server.accept(1, Fixture.parameters) }, "twice")
        let receipt = try pair.server.receipt(prompt, reason: .stop, inputTokens: 0, outputTokens: 0)
        try pair.server.finish(receipt)
        #expect(isMisuse { _ = try pair.server.send(1, [1], tokens: 1) }, "after the end")
        pair.beat(4)
        #expect(isMisuse { try pair.server.finish(receipt) }, "after it is gone")
    }
}
