import Foundation
import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("A whole session, byte for byte")
struct SessionVectorTests {
    struct Session: Decodable {
        struct Record: Decodable {
            var from: String
            var wire: String
        }

        var first: String
        var second: String
        var third: String
        var handshakeHash: String
        var request: String
        var prompt: String
        var answer: String
        var records: [Record]
    }

    @Test("Every byte that both machines write is the Python peer's")
    func transcript() throws {
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/session.json")
        let session = try JSONDecoder().decode(Session.self, from: Data(contentsOf: url))
        var pair = try MachinePair(ephemerals: (Fixture.key(0x33), Fixture.key(0x44)))

        let first = pair.takeFromClient()
        #expect(first.hex == session.first)
        pair.giveToServer(first)
        let second = pair.takeFromServer()
        #expect(second.hex == session.second)
        pair.giveToClient(second)
        let third = pair.takeFromClient()
        #expect(third.hex == session.third)
        pair.giveToServer(third)
        let hashes = [pair.client.channelBinding.hex, pair.server.applicant?.channelBinding.hex]
        #expect(hashes == [session.handshakeHash, session.handshakeHash])

        pair.server.admit(Fixture.admission(), now: .zero)
        _ = try pair.client.submit(Array(session.prompt.utf8))
        let flight = pair.takeFromClient()
        #expect(flight.hex == session.records[0].wire + session.records[1].wire)
        pair.giveToServer(flight)
        guard case .prompt(let prompt) = try pair.server.takePrompt() else {
            Issue.record("no prompt")
            return
        }
        #expect(prompt.bytes == Array(session.prompt.utf8))

        try pair.server.accept(1, Fixture.parameters)
        pair.server.beat(now: .milliseconds(100))
        var record = pair.takeFromServer()
        #expect(record.hex == session.records[2].wire)
        pair.giveToClient(record)
        try pair.client.send(Fixture.voucher(1_234))
        pair.client.beat(now: .milliseconds(200))
        record = pair.takeFromClient()
        #expect(record.hex == session.records[3].wire)
        pair.giveToServer(record)
        _ = try pair.server.send(1, Array(session.answer.utf8)[...], tokens: 3)
        pair.server.beat(now: .milliseconds(200))
        record = pair.takeFromServer()
        #expect(record.hex == session.records[4].wire)
        pair.giveToClient(record)
        var receipt = try pair.server.receipt(prompt, reason: .stop, inputTokens: 7, outputTokens: 3)
        receipt.signature = [UInt8](repeating: 5, count: 64)
        try pair.server.finish(receipt)
        pair.server.beat(now: .milliseconds(300))
        record = pair.takeFromServer()
        #expect(record.hex == session.records[5].wire)
        pair.giveToClient(record)
        #expect(try pair.events(1).text == Array(session.answer.utf8))
        pair.client.close(now: .milliseconds(300))
        pair.client.beat(now: .milliseconds(400))
        record = pair.takeFromClient()
        #expect(record.hex == session.records[6].wire)
    }

    @Test("The example in the documentation is this session")
    func documentation() throws {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let page = try String(
            contentsOf: root.appendingPathComponent("Documentation/peer-protocol.md"),
            encoding: .utf8
        )
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/session.json")
        let session = try JSONDecoder().decode(Session.self, from: Data(contentsOf: url))
        for text in [session.first, session.second, session.third, session.handshakeHash] {
            #expect(page.replacingOccurrences(of: "\n", with: "").contains(text))
        }
    }
}
