import SodiumCrypto
import Testing

@testable import Noise
@testable import PeerChannel

@Suite("Record layer: keys that change, round trips")
struct RecordLayerTests {
    static func layers() -> (Box, Box) {
        func layer(sending: UInt8, receiving: UInt8) -> Box {
            Box(
                RecordLayer(
                    NoiseTransport(
                        sending: Fixture.cipher(sending),
                        receiving: Fixture.cipher(receiving),
                        handshakeHash: []
                    )
                )
            )
        }
        return (layer(sending: 7, receiving: 8), layer(sending: 8, receiving: 7))
    }

    final class Box {
        var layer: RecordLayer
        init(_ layer: consuming RecordLayer) { self.layer = layer }

        func seal(_ type: RecordType, flags: UInt8 = 0, _ body: [UInt8], size: Int? = nil) throws -> [UInt8] {
            var output: [UInt8] = []
            try layer.seal(type, flags: flags, bodyCount: body.count, wireSize: size, appendingTo: &output) {
                $0.copyBytes(from: body)
            }
            return output
        }

        func open(_ record: [UInt8]) throws -> [UInt8] {
            var bytes = Array(record.dropFirst(2))
            return try bytes.withUnsafeMutableBytes { [UInt8](try layer.open($0).body) }
        }
    }

    @Test("Both sides agree at 1,023, 1,024, 1,025 and 2,048 records, and after a prompt")
    func rekeying() throws {
        let (client, server) = Self.layers()
        for index in 0..<3_000 {
            let body = [UInt8(index & 255), UInt8(index >> 8)]
            #expect(try server.open(client.seal(.data, body, size: 64)) == body)
            if index == 500 {
                #expect(try server.open(client.seal(.prompt, flags: 1, body)) == body)
                #expect(try server.open(client.seal(.prompt, body)) == body)
            }
        }
        #expect(client.layer.sentCount == 3_002)
        #expect(server.layer.receivedCount == 3_002)
    }

    @Test("The key changes exactly after the 1,024th record")
    func exactRekey() throws {
        let key = [UInt8](repeating: 7, count: 32)
        func transport() -> NoiseTransport {
            NoiseTransport(sending: Fixture.cipher(), receiving: Fixture.cipher(), handshakeHash: key)
        }
        let sender = Box(RecordLayer(transport()))
        var plain = Fixture.cipher()
        for index in 0..<1_030 {
            let record = try sender.seal(.ping, [1, 2, 3, 4, 5, 6, 7, 8])
            if index == 1_024 {
                #expect(throws: NoiseError.notAuthentic) {
                    try plain.opened(Array(record.dropFirst(2)))
                }
                plain.rekey()
            }
            let plaintext = try plain.opened(Array(record.dropFirst(2)))
            #expect(plaintext == [8, 0, 8, 0, 1, 2, 3, 4, 5, 6, 7, 8])
        }
    }

    @Test("What can't be sealed any more leaves nothing in the output")
    func exhausted() {
        var key = SecretBuffer(count: 32)
        key.wipe()
        let layer = Box(
            RecordLayer(
                NoiseTransport(
                    sending: NoiseCipherState(key: key, nonce: .max),
                    receiving: Fixture.cipher(),
                    handshakeHash: []
                )
            )
        )
        var output: [UInt8] = [1, 2, 3]
        #expect(throws: ProtocolViolation.sessionTooLong) {
            try layer.layer.seal(.data, bodyCount: 9, wireSize: 256, appendingTo: &output) {
                $0.copyBytes(from: Array("plaintext".utf8))
            }
        }
        #expect(output == [1, 2, 3])
        #expect(layer.layer.sentCount == 0)
    }

    @Test("Every size from the smallest to the largest arrives as it was, and no more than that is sealed")
    func sizes() throws {
        let (client, server) = Self.layers()
        for count in [0, 1, 2, 233, 234, 4_074, 16_380] {
            let body = SeededRandom.bytes(count, seed: UInt64(count))
            #expect(try client.seal(.pad, body).count == RecordLayout.overhead + count)
            _ = server
        }
        let (other, receiver) = Self.layers()
        let body = SeededRandom.bytes(234, seed: 1)
        let record = try other.seal(.data, body, size: 256)
        #expect(record.count == 256)
        #expect(try receiver.open(record) == body)
    }

    static let samples: [PeerRecord] = [
        .pad,
        RawClient.prompt(Array("hello".utf8), number: 9, window: 77),
        .accept(AcceptMessage(number: 1, parameters: Fixture.parameters, tickMilliseconds: 100, recordSize: 256)),
        .data(DataHeader(number: 2, totalTokens: 3, offset: 4), bytes: [5, 6]),
        .fin(
            FinMessage(
                number: 1,
                reason: .length,
                length: 3,
                digest: SHA256.hash([1]),
                inputTokens: 4,
                outputTokens: 5,
                signature: []
            )
        ),
        .fin(
            FinMessage(
                number: .max,
                reason: .init(rawValue: 200),
                length: .max,
                digest: SHA256.hash([2]),
                inputTokens: .max,
                outputTokens: .max,
                signature: [UInt8](repeating: 3, count: 64)
            )
        ),
        .cancel(number: 5),
        .cancelled(CancelledMessage(number: 1, inputTokens: 2, outputTokens: 3, length: 4)),
        .error(number: 0, PeerErrorMessage(.busy, retryAfter: .milliseconds(1_234), text: "später")),
        .error(number: 7, PeerErrorMessage(.init(rawValue: 999))),
        .ping(1),
        .pong(.max),
        .resume(ResumeMessage(number: 1, window: 5, offset: 99, prefixDigest: SHA256.hash([3]))),
        .window(number: 1, limit: 1 << 40),
        .close(.superseded),
        .voucher(Fixture.voucher(.max)),
        .ignored(type: 0x99),
    ]

    @Test("Every record decodes to itself, and no shorter or longer body does", arguments: samples)
    func roundTrip(record: PeerRecord) throws {
        let body = record.encodedBody()
        let decoded = try body.withUnsafeBytes { try PeerRecord(type: record.type, body: $0) }
        #expect(decoded == record)
        switch record {
        case .pad, .ignored, .data, .error: return
        default: break
        }
        for count in 0..<body.count {
            #expect(throws: PeerError.self) {
                try body[..<count].withUnsafeBytes { try PeerRecord(type: record.type, body: $0) }
            }
        }
        #expect(throws: PeerError.self) {
            try (body + [0]).withUnsafeBytes { try PeerRecord(type: record.type, body: $0) }
        }
    }

    @Test("An error's text is cut between characters, at 256 bytes; what is not UTF-8 is refused")
    func errorText() throws {
        let long = PeerRecord.error(number: 0, PeerErrorMessage(.busy, text: String(repeating: "ä", count: 200)))
        let decoded = try long.encodedBody().withUnsafeBytes { try PeerRecord(type: 7, body: $0) }
        guard case .error(_, let message) = decoded else {
            Issue.record("\(decoded)")
            return
        }
        #expect(message.text == String(repeating: "ä", count: 128))
        #expect(throws: PeerError.self) {
            try (PeerRecord.error(number: 0, PeerErrorMessage(.busy)).encodedBody() + [0xff]).withUnsafeBytes {
                try PeerRecord(type: 7, body: $0)
            }
        }
        let hostile = PeerErrorMessage(.busy, text: "\u{1b}[2Jgone\u{7f}\n\u{9b}31m\u{202e}evil\u{2028}")
        let bad: Set<UInt32> = [0x1b, 0x7f, 0x0a, 0x9b, 0x202e, 0x2028]
        #expect(!"\(hostile)".unicodeScalars.contains { bad.contains($0.value) })
        #expect("\(hostile)".contains("evil"))
    }

    @Test("A server can't make its clients send more than 64 KiB a second")
    func clientRate() throws {
        func decoded(_ tick: Int, _ size: Int) throws -> StreamShape {
            var hello = Fixture.hello
            hello.clientShape = try #require(StreamShape(tick: .milliseconds(tick), recordSize: size))
            let bytes = ServerHelloPayload.encode(hello)
            return try bytes.withUnsafeBytes { try ServerHelloPayload.decode($0).clientShape }
        }
        #expect(try decoded(10, 655).recordSize == 655)
        #expect(try decoded(250, 16_384).recordSize == 16_384)
        for (tick, size) in [(10, 656), (10, 16_384), (249, 16_384)] {
            #expect(throws: PeerError.self) { try decoded(tick, size) }
        }
    }

    @Test("Handshake payloads have one size and one form")
    func payloads() throws {
        let hello = ServerHelloPayload.encode(Fixture.hello)
        #expect(hello.count == 64)
        #expect(try hello.withUnsafeBytes { try ServerHelloPayload.decode($0) } == Fixture.hello)
        for index in 28..<64 {
            var bad = hello
            bad[index] = 1
            #expect(throws: PeerError.self) { try bad.withUnsafeBytes { try ServerHelloPayload.decode($0) } }
        }
        var slow = hello
        slow[20] = 0xff
        slow[21] = 0xff
        #expect(throws: PeerError.self) { try slow.withUnsafeBytes { try ServerHelloPayload.decode($0) } }

        let request = PeerRequest(address: Fixture.requestAddress)
        for shaping in [PeerShaping.off, .constantRate] {
            let payload = ClientHelloPayload(request: request, shaping: shaping)
            let encoded = payload.encoded()
            #expect(encoded.count == 64)
            #expect(try encoded.withUnsafeBytes { try ClientHelloPayload(decoding: $0) } == payload)
            var bad = encoded
            bad[44] = 2
            #expect(throws: PeerError.self) { try bad.withUnsafeBytes { try ClientHelloPayload(decoding: $0) } }
        }
    }
}
