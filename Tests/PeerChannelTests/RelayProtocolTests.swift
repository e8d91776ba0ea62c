import Noise
import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("The relay's protocol, without sockets")
struct RelayProtocolTests {
    static let relayKey = Fixture.key(0x44)
    static let limits = CircuitLimits(seconds: 3_900, bytes: 1 << 30)

    static let messages: [RelayMessage] =
        [
            .reserve(seconds: 1_800),
            .reserved(RelayTerms(seconds: 1_800, circuits: 256, limits: limits)),
            .incoming(RelayToken()), .decline(RelayToken()), .ping(7), .pong(.max),
            .connect(RelayDestination(of: Fixture.serverKey.publicKey)), .accept(RelayToken()), .open(limits),
        ]
        + RelayRefusal.Code.allCases.map { .refused(RelayRefusal($0)) }
        + [.refused(RelayRefusal(.relayFull, retryAfter: .seconds(30)))]

    // MARK: Messages

    @Test("Every message is 64 bytes and comes back as it was", arguments: messages)
    func roundTrip(message: RelayMessage) throws {
        let bytes = message.encoded
        #expect(bytes.count == 64)
        #expect(try RelayMessage(decoding: bytes) == message)
    }

    @Test("Fixed bytes, as the specification has them")
    func layout() throws {
        let zeros = [UInt8](repeating: 0, count: 64)
        func padded(_ bytes: [UInt8]) -> [UInt8] { bytes + zeros.dropFirst(bytes.count) }
        #expect(RelayMessage.reserve(seconds: 1_800).encoded == padded([1, 8, 7, 0, 0]))
        #expect(
            RelayMessage.reserved(RelayTerms(seconds: 60, circuits: 258, limits: .init(seconds: 5, bytes: 1 << 32)))
                .encoded == padded([2, 60, 0, 0, 0, 2, 1, 5, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0])
        )
        #expect(RelayMessage.refused(RelayRefusal(.noAnswer)).encoded == padded([0x1f, 6, 0, 255, 255, 255, 255]))
        #expect(
            RelayMessage.connect(RelayDestination(of: Fixture.serverKey.publicKey)).encoded
                == padded([0x10] + SHA256.hash(Fixture.serverKey.publicKey.bytes))
        )
    }

    @Test("Anything that no encoder would write is refused: other lengths, types, codes, a bit in the padding")
    func malformed() {
        for message in Self.messages {
            let bytes = message.encoded
            for length in [0, 1, 63, 65] {
                let other = Array((bytes + [0]).prefix(length))
                #expect(throws: RelayFault.self) { try RelayMessage(decoding: other) }
            }
            for index in 0..<64 {
                for bit in 0..<8 {
                    var other = bytes
                    other[index] ^= 1 << bit
                    guard let decoded = try? RelayMessage(decoding: other) else { continue }
                    #expect(decoded.encoded == other)
                }
            }
        }
    }

    @Test("A million random bytes decode to nothing that does not encode to them")
    func fuzz() {
        var random = SeededRandom(seed: 0x5eed)
        for _ in 0..<16_000 {
            var bytes = random.bytes(64)
            bytes[0] = UInt8.random(in: 0...0x20, using: &random)
            if Bool.random(using: &random) { for index in 34..<64 { bytes[index] = 0 } }
            guard let message = try? RelayMessage(decoding: bytes) else { continue }
            #expect(message.encoded == bytes)
        }
    }

    // MARK: The conversation

    /// Two machines, and everything that each wrote.
    private struct Pair: ~Copyable {
        var near: RelayControl
        var relay = RelayControl(answeringAs: RelayProtocolTests.relayKey)
        var wire: [[UInt8]] = []

        init(as identity: X25519.PrivateKey?) throws {
            near = try RelayControl(speakingTo: RelayProtocolTests.relayKey.publicKey, as: identity)
        }

        mutating func toRelay() throws -> [RelayControl.Event] {
            let bytes = near.takeOutput()
            wire.append(bytes)
            bytes.withUnsafeBytes { relay.append($0) }
            var events: [RelayControl.Event] = []
            while let event = try relay.nextEvent() { events.append(event) }
            return events
        }

        mutating func fromRelay() throws -> [RelayControl.Event] {
            let bytes = relay.takeOutput()
            wire.append(bytes)
            bytes.withUnsafeBytes { near.append($0) }
            var events: [RelayControl.Event] = []
            while let event = try near.nextEvent() { events.append(event) }
            return events
        }
    }

    @Test("A server proves its key, a client proves none, and messages go both ways", arguments: [true, false])
    func conversation(isServer: Bool) throws {
        var pair = try Pair(as: isServer ? Fixture.serverKey : nil)
        let key = isServer ? Fixture.serverKey.publicKey : nil
        var relayEvents = try pair.toRelay()
        let nearEvents = try pair.fromRelay()
        #expect(nearEvents == [.established(Self.relayKey.publicKey)])
        let message = RelayMessage.ping(5)
        try pair.near.send(message)
        relayEvents += try pair.toRelay()
        #expect(relayEvents == [.established(key), .message(message)])
        try pair.relay.send(.pong(5))
        #expect(try pair.fromRelay() == [.message(.pong(5))])
        #expect(pair.relay.kind == (isServer ? .server : .anonymous))
        // Sizes on the wire: the kind's byte, then frames that depend on the kind alone.
        #expect(pair.wire.map(\.count) == [51, 50, isServer ? 148 : 82, 82])
        let wire = pair.wire.flatMap { $0 }
        #expect(!wire.contains(sequence: Fixture.serverKey.publicKey.bytes), "the server's key is hidden")
    }

    @Test("What follows the last message belongs to the circuit")
    func rest() throws {
        var pair = try Pair(as: nil)
        _ = try pair.toRelay()
        _ = try pair.fromRelay()
        try pair.near.send(.accept(RelayToken()))
        let bytes = pair.near.takeOutput() + [1, 2, 3]
        bytes.withUnsafeBytes { pair.relay.append($0) }
        _ = try pair.relay.nextEvent()
        #expect(pair.relay.takeRest() == [1, 2, 3])
    }

    @Test("Every byte of the first message that is changed is met with silence")
    func tampering() throws {
        for kind in [nil, Fixture.serverKey] {
            var control = try RelayControl(speakingTo: Self.relayKey.publicKey, as: kind)
            let opening = control.takeOutput()
            for index in opening.indices {
                var changed = opening
                changed[index] ^= 0x40
                var relay = RelayControl(answeringAs: Self.relayKey)
                changed.withUnsafeBytes { relay.append($0) }
                var failure: RelayFault?
                do throws(RelayFault) { _ = try relay.nextEvent() } catch { failure = error }
                #expect(failure != nil, "byte \(index)")
                #expect(relay.takeOutput().isEmpty, "byte \(index)")
            }
        }
    }

    @Test("The kind is authenticated: a client's handshake does not pass as a server's")
    func kindSwap() throws {
        var control = try RelayControl(speakingTo: Self.relayKey.publicKey, as: nil)
        var opening = control.takeOutput()
        opening[0] = RelayControl.Kind.server.rawValue
        var relay = RelayControl(answeringAs: Self.relayKey)
        opening.withUnsafeBytes { relay.append($0) }
        var failure: RelayFault?
        do throws(RelayFault) { _ = try relay.nextEvent() } catch { failure = error }
        #expect(failure == .handshake(.notAuthentic))
    }

    @Test("Random bytes, one byte, a huge length: refused at once or waited for, never answered")
    func garbage() throws {
        var random = SeededRandom(seed: 99)
        for count in [1, 2, 3, 49, 50, 51, 200, 16_384] {
            for first: UInt8 in [1, 2, 3, 0, 255] {
                var relay = RelayControl(answeringAs: Self.relayKey)
                var bytes = random.bytes(count)
                bytes[0] = first
                if count > 2 { (bytes[1], bytes[2]) = (0xff, 0xff) }
                bytes.withUnsafeBytes { relay.append($0) }
                var failure: RelayFault?
                do throws(RelayFault) { _ = try relay.nextEvent() } catch { failure = error }
                #expect(failure != nil || (count <= 2 && (first == 1 || first == 2)))
                if count > 2, first == 1 || first == 2 { #expect(failure == .length(65_535)) }
                #expect(relay.takeOutput().isEmpty)
            }
        }
    }

    @Test("Another relay's key: the client learns that it is not the relay of the address")
    func wrongRelay() throws {
        var near = try RelayControl(speakingTo: Fixture.key(0x55).publicKey, as: nil)
        var relay = RelayControl(answeringAs: Self.relayKey)
        near.takeOutput().withUnsafeBytes { relay.append($0) }
        var failure: RelayFault?
        do throws(RelayFault) { _ = try relay.nextEvent() } catch { failure = error }
        #expect(failure == .handshake(.notAuthentic))
    }

    @Test("A message that was changed, repeated or left out ends the conversation")
    func messageTampering() throws {
        for attack in 0..<3 {
            var pair = try Pair(as: nil)
            _ = try pair.toRelay()
            _ = try pair.fromRelay()
            try pair.near.send(.ping(1))
            let first = pair.near.takeOutput()
            try pair.near.send(.ping(2))
            let second = pair.near.takeOutput()
            var bytes: [UInt8]
            switch attack {
            case 0:
                bytes = first
                bytes[10] ^= 1
            case 1: bytes = first + first
            default: bytes = second
            }
            bytes.withUnsafeBytes { pair.relay.append($0) }
            var failure: RelayFault?
            do throws(RelayFault) { while try pair.relay.nextEvent() != nil {} } catch { failure = error }
            #expect(failure == .notAuthentic)
        }
    }
}
