import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("The way to the first token")
struct FirstTokenTests {
    @Test("A token that is ready at once arrives with the next record, whenever in the tick the prompt comes")
    func oneTick() throws {
        for arrival in [1, 20, 50, 80, 99] {
            var pair = try MachinePair()
            pair.open()
            pair.now = .milliseconds(arrival)
            _ = try pair.prompt([1])
            try pair.server.accept(1, Fixture.parameters)
            _ = try pair.server.send(1, [42], tokens: 1)
            pair.now = .milliseconds(100)
            pair.server.beat(now: pair.now)
            pair.exchange()
            let events = try pair.events(1)
            #expect(events.first == .accepted(Fixture.parameters))
            #expect(events.text == [42] && events.tokens == 1)
        }
    }

    @Test("On the wire an answer that begins at once looks like one that has not begun")
    func sameShape() throws {
        func stream(tokens: Int) throws -> [Int] {
            var pair = try MachinePair()
            pair.open()
            let before = pair.serverWrites.count
            _ = try pair.prompt([1])
            if tokens > 0 {
                try pair.server.accept(1, Fixture.parameters)
                for _ in 0..<tokens { _ = try pair.server.send(1, [1, 2, 3, 4, 5], tokens: 1) }
            }
            pair.beat(20)
            return pair.serverWrites.dropFirst(before).map(\.count)
        }
        let silent = try stream(tokens: 0)
        #expect(silent == [Int](repeating: 256, count: 20))
        #expect(try stream(tokens: 1) == silent)
        #expect(try stream(tokens: 500) == silent)
    }

    @Test("ACCEPT carries the first bytes as far as they fit; the rest follows in DATA")
    func fits() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt([1])
        let text = SeededRandom.bytes(600, seed: 3)
        try pair.server.accept(1, Fixture.parameters)
        for index in 0..<60 { _ = try pair.server.send(1, text[index * 10..<index * 10 + 10], tokens: 1) }
        pair.beat()
        let first = try pair.events(1)
        // 256 bytes of record less its 22, less ACCEPT's 20 and the count of tokens.
        #expect(first.text == Array(text.prefix(210)) && first.tokens == 21)
        pair.beat(2)
        let rest = try pair.events(1)
        #expect(first.text + rest.text == text && first.tokens + rest.tokens == 60)
    }

    @Test("ACCEPT with a count of tokens but no bytes is refused")
    func malformed() throws {
        let accept = AcceptMessage(
            number: 1,
            parameters: Fixture.parameters,
            tickMilliseconds: 100,
            recordSize: 256,
            totalTokens: 3,
            bytes: [7, 8]
        )
        let body = PeerRecord.accept(accept).encodedBody()
        #expect(try body.withUnsafeBytes { try PeerRecord(type: 2, body: $0) } == .accept(accept))
        for count in 21...24 {
            #expect(throws: PeerError.self) {
                try body[..<count].withUnsafeBytes { try PeerRecord(type: 2, body: $0) }
            }
        }
    }
}
