import Foundation
import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Shaping: what the wire shows")
struct ShapingTests {
    /// A whole session, and everything that was on the wire.
    static func run(prompt: [UInt8], answer: [UInt8], piece: Int, beats: Int) throws -> (
        client: [[UInt8]], server: [[UInt8]]
    ) {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt(prompt)
        let received = try #require(candidate)
        try pair.server.accept(1, Fixture.parameters)
        var rest = answer[...]
        for beat in 0..<beats {
            if !rest.isEmpty, try pair.server.send(1, rest.prefix(piece), tokens: 1) { rest = rest.dropFirst(piece) }
            if beat % 5 == 0 { try pair.client.send(Fixture.voucher(UInt64(beat + 1))) }
            if beat == beats - 20 {
                let receipt = try pair.server.receipt(received, reason: .stop, inputTokens: 1, outputTokens: 1)
                try pair.server.finish(receipt)
            }
            pair.beat()
            _ = try pair.events(1)
        }
        let isRunning = pair.server.cadence.isRunning
        #expect(!isRunning)
        return (pair.clientWrites, pair.serverWrites)
    }

    @Test("Two different answers of equal duration give the same sequence of lengths, both ways")
    func equalSequences() throws {
        let first = try Self.run(
            prompt: Array("Is it cancer?".utf8),
            answer: Array("No.".utf8),
            piece: 1,
            beats: 64
        )
        let second = try Self.run(
            prompt: [UInt8](repeating: 65, count: 3_000),
            answer: SeededRandom.bytes(5_000, seed: 3),
            piece: 400,
            beats: 64
        )
        #expect(first.client.map(\.count) == second.client.map(\.count))
        #expect(first.server.map(\.count) == second.server.map(\.count))
        #expect(Set(first.server.dropFirst().map(\.count)) == [256], "all but the handshake's message")
        #expect(first.server.count == 65)
    }

    @Test("Nothing private is on the wire: not the prompt, the answer, the request, the client's key or a voucher")
    func capture() throws {
        let prompt = Array("a very recognisable prompt".utf8)
        let answer = Array("an equally recognisable answer".utf8)
        let (client, server) = try Self.run(prompt: prompt, answer: answer, piece: 30, beats: 64)
        let wire = Array(client.joined()) + Array(server.joined())
        let secrets: [[UInt8]] = [
            prompt, answer, Fixture.requestAddress, Fixture.clientKey.publicKey.bytes,
            Fixture.serverKey.publicKey.bytes,
            Fixture.context.serverWallet, [UInt8](repeating: 9, count: 64), SHA256.hash(prompt), SHA256.hash(answer),
            Array("chainference".utf8),
        ]
        for secret in secrets {
            // Eight bytes are enough to be sure, and short enough to find pieces.
            let texts = [
                secret.hex, secret.hex.uppercased(), Data(secret).base64EncodedString(), Base58Key.encode(secret),
            ]
            for spelling in [secret] + texts.map({ Array($0.utf8) }) {
                #expect(!wire.contains(sequence: Array(spelling.prefix(8))))
            }
        }
        #expect(wire.contains(sequence: Array(wire[100..<108])), "the search itself works")
    }

    @Test("Without shaping the sizes tell: the probe works")
    func unshaped() throws {
        func sizes(_ answer: [UInt8]) throws -> [Int] {
            var pair = try MachinePair(shaping: .off)
            pair.open()
            let candidate = try pair.prompt([1])
            let prompt = try #require(candidate)
            _ = try SessionTests.answer(&pair, prompt, answer, piece: answer.count)
            return pair.serverWrites.map(\.count)
        }
        #expect(try sizes([1, 2, 3]) != sizes([1, 2, 3, 4]))
    }

    @Test("One record a beat while a stream runs; none before a prompt and none after the end")
    func cadence() throws {
        var pair = try MachinePair()
        pair.open()
        let start = pair.serverWrites.count
        pair.beat(20)
        let idle = pair.serverWrites.count
        #expect(idle == start)
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        pair.beat(30)
        let running = (pair.serverWrites.count, pair.clientWrites.count)
        #expect(running.0 == idle + 30)
        try pair.server.accept(1, Fixture.parameters)
        try pair.server.finish(pair.server.receipt(prompt, reason: .stop, inputTokens: 0, outputTokens: 0))
        pair.beat(34)
        let ended = pair.serverWrites.count
        #expect(ended == idle + 64)
        pair.beat(20)
        let after = pair.serverWrites.count
        #expect(after == ended)
    }

    /// What a client says last, and where it falls in the stream, when an answer ends with the server's record of this number.
    struct End {
        /// The beats, from the prompt on, with which the last record of each side went out.
        var lastOfServer = 0
        var lastOfClient = 0
        /// The server's records, from the prompt on.
        var records = 0
        var hasVoucher = false
        var client: PeerError?
    }

    static func end(atRecord position: Int, withError: Bool, clientBeatsFirst: Bool) throws -> End {
        var pair = try MachinePair()
        pair.open()
        // Nothing is sent before the prompt: this shifts the client's beats alone.
        if clientBeatsFirst { pair.beat() }
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        let before = (server: pair.serverWrites.count, client: pair.clientWrites.count)
        if !withError { try pair.server.accept(1, Fixture.parameters) }
        pair.beat(position - 1)
        if withError {
            pair.server.fail(1, PeerErrorMessage(.backendFailed))
        } else {
            try pair.server.finish(pair.server.receipt(prompt, reason: .stop, inputTokens: 0, outputTokens: 0))
        }
        var end = End()
        var counts = before
        for beat in position..<position + 300 {
            pair.beat()
            if pair.serverWrites.count > counts.server { end.lastOfServer = beat }
            if pair.clientWrites.count > counts.client { end.lastOfClient = beat }
            counts = (pair.serverWrites.count, pair.clientWrites.count)
            let areAgreed = pair.client.isOver || pair.client.cadence.isRunning == pair.server.cadence.isRunning
            #expect(areAgreed, "one side's stream goes on without the other's, record \(beat)")
            if beat == position {
                try pair.client.send(Fixture.voucher(7))
                pair.client.close(now: pair.now)
            }
            if pair.server.clientHasClosed { pair.server.close(.done, now: pair.now) }
        }
        end.records = counts.server - before.server
        end.hasVoucher = pair.server.candidateVoucher?.cumulative == 7
        end.client = pair.client.ending
        return end
    }

    @Test(
        "An answer may end anywhere in a step: what the client says last still goes out within the stream",
        arguments: [false, true],
        [false, true]
    )
    func lastWords(withError: Bool, clientBeatsFirst: Bool) throws {
        // FIN follows ACCEPT; an ERROR may be the first record.
        for position in (withError ? 1 : 2)...65 {
            let end = try Self.end(atRecord: position, withError: withError, clientBeatsFirst: clientBeatsFirst)
            #expect(end.lastOfClient <= end.lastOfServer, "a word after the end, record \(position)")
            #expect(end.hasVoucher && end.client == .closed(.done), "record \(position)")
            #expect(end.records == (position + 8 + 63) / 64 * 64, "record \(position)")
        }
    }

    @Test("A server that closes right after a finished answer says so last: the answer and its end come before")
    func closeAfterFinish() throws {
        var pair = try MachinePair()
        pair.open()
        let candidate = try pair.prompt([1])
        let prompt = try #require(candidate)
        try pair.server.accept(1, Fixture.parameters)
        let bytes = [UInt8](repeating: 7, count: 20_000)
        let hasRoom = try pair.server.send(1, bytes[...], tokens: 5_000)
        #expect(hasRoom)
        try pair.server.finish(pair.server.receipt(prompt, reason: .stop, inputTokens: 0, outputTokens: 5_000))
        pair.server.close(.done, now: pair.now)
        var events: [PeerAnswerEvent] = []
        for _ in 0..<400 where events.finish == nil {
            pair.beat()
            events += try pair.events(1)
        }
        #expect(events.text == bytes)
        #expect(events.finish != nil)
        pair.beat(200)
        let endings = [pair.client.isOver, pair.server.ending == .closed(.done)]
        #expect(endings == [true, true])
    }

    @Test(
        "After an answer the stream goes on for four of the client's ticks, for 4 records at least and for 64 at most"
    )
    func recordsAfterAnswer() {
        func shape(_ milliseconds: Int) -> StreamShape {
            StreamShape(tick: .milliseconds(milliseconds), recordSize: 256)!
        }
        #expect(StreamShape.recordsAfterAnswer(client: .client, server: .server) == 8)
        for (client, server, records) in [(200, 100, 8), (10, 10, 4), (250, 30, 34), (10, 10_000, 4), (10_000, 10, 64)]
        {
            #expect(StreamShape.recordsAfterAnswer(client: shape(client), server: shape(server)) == records)
        }
    }

    @Test("A slow network: a beat whose record has not been taken adds nothing behind it")
    func slowNetwork() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        for tick in 1...1_000 { pair.server.beat(now: pair.now + .milliseconds(tick)) }
        let write = pair.takeFromServer()
        #expect(write.count == 256)
    }

    @Test("Prompts of many lengths look like few: at most 12 % more above 4 KiB, and few distinct sizes")
    func promptLengths() {
        var sizes: Set<Int> = []
        for length in stride(from: 1, through: 1_048_576, by: 997) {
            let message = length + PromptMessage.headerSize
            let records = PromptPadding.recordCount(messageBytes: message)
            #expect(records * PromptPadding.bodySize >= message)
            sizes.insert(records)
            if message > 32_768 {
                let wire = Double(records * PromptPadding.recordSize)
                // Padmé's 12 %, record headers, and one record of rounding.
                #expect(wire <= Double(message) * 1.12 * 4_096 / 4_074 + 4_096, "\(length)")
            }
        }
        #expect(sizes.count <= 192, "\(sizes.count): sixteen or thirty-two a doubling")
    }

    @Test(
        "Padmé, by the paper's own rule",
        arguments: [
            (1, 1), (2, 2), (9, 10), (100, 104), (1_000, 1_024), (1_025, 1_088), (10_000, 10_240), (65_537, 67_584),
        ]
    )
    func padme(length: Int, padded: Int) {
        #expect(PromptPadding.padme(length) == padded)
    }

    @Test("Shapes: the expected speed decides the size; impossible ones are refused")
    func shapes() {
        #expect(StreamShape.forExpectedSpeed(tokensPerSecond: 20).recordSize == 256)
        #expect(StreamShape.forExpectedSpeed(tokensPerSecond: 400).recordSize == 512)
        #expect(StreamShape.forExpectedSpeed(tokensPerSecond: 1_000).recordSize == 1_024)
        #expect(StreamShape.forExpectedSpeed(tokensPerSecond: 3_000).recordSize == 4_096)
        #expect(StreamShape.forExpectedSpeed(tokensPerSecond: .infinity).recordSize == 4_096)
        #expect(StreamShape(tick: .milliseconds(9), recordSize: 256) == nil)
        #expect(StreamShape(tick: .milliseconds(100), recordSize: 191) == nil)
        #expect(StreamShape(tick: .milliseconds(100), recordSize: 16_385) == nil)
        #expect(StreamShape(tick: .microseconds(100_500), recordSize: 256) == nil)
        #expect(StreamShape(tick: .seconds(10), recordSize: 16_384) != nil)
    }
}
