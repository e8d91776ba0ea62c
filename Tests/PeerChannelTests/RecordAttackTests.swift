import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Records: tampering, reordering, truncation, padding, violations")
struct RecordAttackTests {
    /// A session in mid-answer, whose server has written the rest of the answer record by record.
    static func midAnswer() throws -> (pair: MachinePairBox, number: UInt32, records: [[UInt8]]) {
        var pair = try MachinePair(ephemerals: (Fixture.key(0x33), Fixture.key(0x44)))
        pair.open()
        let prompt = try #require(try pair.prompt(Array("Why?".utf8)))
        try pair.server.accept(prompt.number, Fixture.parameters)
        pair.beat()
        _ = try pair.server.send(prompt.number, Array("Because of Rayleigh scattering.".utf8)[...], tokens: 5)
        let receipt = try pair.server.receipt(prompt, reason: .stop, inputTokens: 1, outputTokens: 5)
        try pair.server.finish(receipt)
        var records: [[UInt8]] = []
        for _ in 0..<6 {
            pair.now += .milliseconds(100)
            pair.server.beat(now: pair.now)
            records.append(pair.takeFromServer())
        }
        return (MachinePairBox(pair), prompt.number, records)
    }

    final class MachinePairBox {
        var pair: MachinePair
        init(_ pair: consuming MachinePair) { self.pair = pair }

        /// Gives the client what arrives, and says what it makes of it once the connection is gone.
        func deliver(_ writes: [[UInt8]], number: UInt32) -> (text: [UInt8], finished: Bool, error: PeerError?) {
            for write in writes { pair.giveToClient(write) }
            pair.client.disconnected(nil, now: pair.now)
            var text: [UInt8] = []
            while true {
                do throws(PeerError) {
                    switch try pair.client.nextEvent(number) {
                    case .event(.data(let data)): text += data.bytes
                    case .event(.finished): return (text, true, nil)
                    case .event(.accepted): continue
                    case .end, .notYet: return (text, false, nil)
                    }
                } catch {
                    return (text, false, error)
                }
            }
        }
    }

    static let answer = Array("Because of Rayleigh scattering.".utf8)

    @Test("Untouched, the records give the whole answer")
    func untouched() throws {
        let (box, number, records) = try Self.midAnswer()
        #expect(records.map(\.count) == Array(repeating: 256, count: 6))
        let result = box.deliver(records, number: number)
        #expect(result.text == Self.answer && result.finished)
    }

    @Test("A flipped bit anywhere in a record ends the session; nothing of that record is delivered")
    func flipped() throws {
        for index in stride(from: 0, to: 256 * 8, by: 13) {
            let (box, number, records) = try Self.midAnswer()
            var bad = records
            bad[0][index / 8] ^= 1 << (index % 8)
            let result = box.deliver(bad, number: number)
            #expect(result.text.isEmpty && !result.finished)
            #expect(result.error != nil, "bit \(index)")
        }
    }

    @Test("Records left out, repeated or in another order end the session")
    func reordered() throws {
        func run(_ change: (inout [[UInt8]]) -> Void) throws -> (text: [UInt8], finished: Bool, error: PeerError?) {
            let (box, number, records) = try Self.midAnswer()
            var bad = records
            change(&bad)
            return box.deliver(bad, number: number)
        }
        let broken = PeerError.protocolViolation(.recordNotAuthentic)
        var result = try run { $0.remove(at: 0) }
        #expect(result.error == broken && result.text.isEmpty && !result.finished)
        result = try run { $0.insert($0[0], at: 1) }
        #expect(result.error == broken && !result.finished)
        result = try run { $0.swapAt(0, 1) }
        #expect(result.error == broken && result.text.isEmpty && !result.finished)
        result = try run { $0.swapAt(1, 2) }
        #expect(result.error == broken && result.text == Self.answer && !result.finished)
    }

    @Test("Each record left out, repeated, swapped or damaged: the session ends, nothing after it is delivered")
    func eachRecord() throws {
        let mutations: [(String, (inout [[UInt8]], Int) -> Void)] = [
            ("left out", { $0.remove(at: $1) }), ("repeated", { $0.insert($0[$1], at: $1 + 1) }),
            ("swapped", { $0.swapAt($1, $1 + 1) }), ("damaged", { $0[$1][2 + $1 * 40] ^= 1 }),
        ]
        for (name, mutate) in mutations {
            // What comes last can be left out unnoticed only because nothing follows that would tell.
            for index in 0..<5 {
                let (box, number, records) = try Self.midAnswer()
                var bad = records
                mutate(&bad, index)
                for write in bad { box.pair.giveToClient(write) }
                #expect(box.pair.client.ending == .protocolViolation(.recordNotAuthentic), "record \(index) \(name)")
                let result = box.deliver([], number: number)
                // The first record has the whole text, the second is FIN.
                let textArrived = index > 0 || name == "repeated"
                #expect(result.text == (textArrived ? Self.answer : []), "record \(index) \(name)")
                #expect(result.finished == (index > 1 || index == 1 && name == "repeated"), "record \(index) \(name)")
            }
        }
    }

    @Test("An answer that is cut at any byte before its end is truncated, never a success")
    func truncated() throws {
        let (_, _, sample) = try Self.midAnswer()
        let whole = sample[0] + sample[1]
        for count in 0..<whole.count {
            let (box, number, _) = try Self.midAnswer()
            let result = box.deliver([Array(whole[..<count])], number: number)
            #expect(!result.finished)
            let arrived = count >= 256 ? Self.answer.count : 0
            #expect(result.text.count == arrived)
            #expect(result.error == .truncated(received: UInt64(arrived)), "cut at \(count)")
        }
        let (box, number, _) = try Self.midAnswer()
        #expect(box.deliver([whole], number: number).finished)
    }

    @Test("Padding that is not zero is refused, wherever it is", arguments: [0, 1, 7, 199])
    func padding(position: Int) throws {
        let client = try RawClient()
        var padding = [UInt8](repeating: 0, count: 200)
        client.send(RecordType.pad.rawValue, [], padding: padding)
        #expect(client.ending == nil)
        padding[position] = 1
        client.send(RecordType.pad.rawValue, [], padding: padding)
        #expect(client.ending == .protocolViolation(.nonZeroPadding))
    }

    /// Something a client must not send, and what the server makes of it.
    struct Violation: Sendable, CustomTestStringConvertible {
        var name: String
        var plaintexts: [[UInt8]]
        var testDescription: String { name }

        init(_ name: String, _ plaintexts: [UInt8]...) {
            self.name = name
            self.plaintexts = plaintexts
        }
    }

    private static func plain(_ record: PeerRecord, flags: UInt8 = 0) -> [UInt8] {
        let body = record.encodedBody()
        var bytes: [UInt8] = [record.type, flags]
        bytes.appendLittleEndian(UInt16(body.count))
        return bytes + body
    }

    static let violations: [Violation] = [
        Violation("unknown type below 0x80", [0x0e, 0, 0, 0]),
        Violation("unknown type 0x7f", [0x7f, 0, 0, 0]),
        Violation("unknown flags", [RecordType.pad.rawValue, 2, 0, 0]),
        Violation("padding in pieces", [RecordType.pad.rawValue, 1, 0, 0]),
        Violation("data in pieces", [RecordType.data.rawValue, 1, 1, 0, 0]),
        Violation("a body longer than the record", [RecordType.ping.rawValue, 0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8]),
        Violation("a ping that is too short", [RecordType.ping.rawValue, 0, 7, 0, 1, 2, 3, 4, 5, 6, 7]),
        Violation("a ping that is too long", [RecordType.ping.rawValue, 0, 9, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9]),
        Violation("prompt number 0", plain(.cancel(number: 0))),
        Violation("an unknown reason to close", [RecordType.close.rawValue, 0, 1, 0, 0x77]),
        Violation(
            "accept from a client",
            plain(.accept(AcceptMessage(number: 1, parameters: Fixture.parameters, tickMilliseconds: 0, recordSize: 0)))
        ),
        Violation("data from a client", plain(.data(DataHeader(number: 1, totalTokens: 0, offset: 0), bytes: [1]))),
        Violation("error from a client", plain(.error(number: 0, PeerErrorMessage(.busy)))),
        Violation(
            "a second prompt before the first is answered",
            plain(RawClient.prompt([1])),
            plain(RawClient.prompt([2], number: 2))
        ),
        Violation(
            "another record in the middle of a prompt",
            plain(.prompt(PromptMessage(number: 1, window: 1, digest: SHA256.hash([]), bytes: [])), flags: 1),
            plain(.ping(1))
        ),
        Violation(
            "a prompt with a wrong length",
            {
                var bytes = plain(RawClient.prompt([1, 2, 3]))
                bytes[4 + 8] = 2
                return bytes
            }()
        ),
        Violation(
            "a prompt with a wrong digest",
            {
                var bytes = plain(RawClient.prompt([1, 2, 3]))
                bytes[4 + 12] ^= 1
                return bytes
            }()
        ),
        Violation("an empty piece", [RecordType.ping.rawValue, 1, 0, 0]),
        Violation("anything after close", plain(.close(.done)), plain(.ping(1))),
    ]

    @Test("What a client must not send ends the session", arguments: violations)
    func violation(_ violation: Violation) throws {
        let client = try RawClient()
        for plaintext in violation.plaintexts.dropLast() {
            client.send(plaintext: plaintext)
            #expect(client.ending == nil)
        }
        client.send(plaintext: violation.plaintexts.last ?? [])
        switch client.ending {
        case .protocolViolation, .digestMismatch: break
        default: Issue.record("\(violation.name): \(String(describing: client.ending))")
        }
        let hasPrompt = client.server.answer != nil
        #expect(!hasPrompt, "the program gets no answer to give")
    }

    @Test("A client that breaks the protocol is told so, then let go")
    func told() throws {
        let client = try RawClient()
        client.send(0x0e, [])
        let records = try client.read()
        guard case .error(number: 0, let message) = records.last else {
            Issue.record("no error: \(records)")
            return
        }
        #expect(message.code == .protocolViolation)
        client.server.beat(now: .seconds(3))
        let isOver = client.server.isOver
        #expect(isOver)
    }

    @Test("Types from 0x80 on are ignored")
    func ignorable() throws {
        let client = try RawClient()
        for type in [0x80, 0xc0, 0xff] as [UInt8] { client.send(type, [1, 2, 3]) }
        #expect(client.ending == nil)
        client.send(.ping(77))
        #expect(try client.read() == [.pong(77)])
    }

    @Test("Messages in pieces have limits: 4 KiB, and the prompt's own")
    func reassemblyLimits() throws {
        let control = try RawClient()
        for _ in 0..<4 { control.send(0x90, flags: 1, [UInt8](repeating: 1, count: 1_024)) }
        #expect(control.ending == nil)
        control.send(0x90, flags: 1, [1])
        guard case .protocolViolation(.fragmentation) = control.ending else {
            Issue.record("\(String(describing: control.ending))")
            return
        }
        var hello = Fixture.hello
        hello.promptByteLimit = 10_000
        let small = try RawClient(hello: hello)
        small.send(RecordType.prompt.rawValue, flags: 1, [UInt8](repeating: 1, count: 10_044))
        #expect(small.ending == nil)
        small.send(RecordType.prompt.rawValue, flags: 1, [1])
        guard case .protocolViolation(.fragmentation) = small.ending else {
            Issue.record("\(String(describing: small.ending))")
            return
        }
    }

    @Test("What a server must not send ends the client's session")
    func serverViolations() throws {
        func check(_ body: (RawServer) -> Void, _ comment: Comment) throws -> PeerError? {
            let server = try RawServer()
            body(server)
            #expect(server.ending != nil, comment)
            return server.ending
        }
        _ = try check({ $0.data([1], offset: 0) }, "data before accept")
        _ = try check(
            {
                $0.accept()
                $0.accept()
            },
            "accept twice"
        )
        _ = try check(
            {
                $0.accept()
                $0.data([1], offset: 1)
            },
            "a gap"
        )
        _ = try check(
            {
                $0.accept()
                $0.data([1], offset: 0)
                $0.data([1], offset: 0)
            },
            "the same twice"
        )
        _ = try check(
            {
                $0.accept()
                $0.data([], offset: 0)
            },
            "empty data"
        )
        _ = try check(
            {
                $0.accept()
                $0.data([1], offset: 0, number: 2)
            },
            "another prompt's data"
        )
        _ = try check(
            {
                $0.accept()
                $0.data([1], offset: 0, tokens: 5)
                $0.data([2], offset: 1, tokens: 4)
            },
            "tokens"
        )
        _ = try check({ $0.fin([]) }, "end before accept")
        _ = try check({ $0.send(.voucher(Fixture.voucher(1))) }, "a client's record")
        _ = try check(
            { $0.send(.prompt(PromptMessage(number: 1, window: 0, digest: SHA256.hash([]), bytes: []))) },
            "a prompt"
        )
        let digest = try check(
            {
                $0.accept()
                $0.data([1], offset: 0)
                $0.fin([2])
            },
            "another digest"
        )
        #expect(digest == .digestMismatch)
        let length = try check(
            {
                $0.accept()
                $0.data([1], offset: 0)
                $0.fin([1], length: 2)
            },
            "another length"
        )
        #expect(length == .digestMismatch)
        let usage = try check(
            {
                $0.accept()
                $0.data([1], offset: 0, tokens: 5)
                $0.fin([1], tokens: 4)
            },
            "fewer tokens"
        )
        #expect(usage != nil)
    }

    @Test("More data than the window allows ends the session")
    func windowExceeded() throws {
        let server = try RawServer(window: 100)
        server.accept()
        server.data([UInt8](repeating: 1, count: 100), offset: 0)
        #expect(server.ending == nil)
        server.data([1], offset: 100)
        #expect(server.ending == .protocolViolation(.windowExceeded))
    }

    @Test("Tiny pieces that nobody reads become one event: memory follows the window, not the number of records")
    func coalescing() throws {
        let server = try RawServer(window: 10_000)
        server.accept()
        for offset in 0..<10_000 { server.data([7], offset: UInt64(offset), tokens: UInt32(offset)) }
        let events = try server.events()
        #expect(events.count == 2)
        #expect(events.text.count == 10_000)
        #expect(events.tokens == 9_999)
    }
}
