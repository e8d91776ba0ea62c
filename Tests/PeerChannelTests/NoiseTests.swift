import SodiumCrypto
import Testing

@testable import Noise
@testable import PeerChannel

@Suite("Noise: ciphers, failures, limits")
struct NoiseTests {
    /// A fresh pair after an XK handshake.
    static func transports() throws -> (NoiseTransportBox, NoiseTransportBox) {
        var initiator = try NoiseHandshake(
            pattern: .xk,
            role: .initiator,
            prologue: [1],
            localStatic: Fixture.clientKey,
            remoteStatic: Fixture.serverKey.publicKey
        )
        var responder = try NoiseHandshake(
            pattern: .xk,
            role: .responder,
            prologue: [1],
            localStatic: Fixture.serverKey
        )
        var payload: [UInt8] = []
        for turn in 0..<3 {
            var message: [UInt8] = []
            if turn % 2 == 0 {
                try initiator.writeMessage(payload: .init(start: nil, count: 0), appendingTo: &message)
                try message.withUnsafeBytes { try responder.readMessage($0, appendingTo: &payload) }
            } else {
                try responder.writeMessage(payload: .init(start: nil, count: 0), appendingTo: &message)
                try message.withUnsafeBytes { try initiator.readMessage($0, appendingTo: &payload) }
            }
        }
        let key = responder.remoteStatic
        #expect(key == Fixture.clientKey.publicKey)
        return (NoiseTransportBox(try initiator.split()), NoiseTransportBox(try responder.split()))
    }

    static func cipher(nonce: UInt64 = 0) -> NoiseCipherState {
        var key = SecretBuffer(count: 32)
        key.withUnsafeMutableBytes { $0.copyBytes(from: [UInt8](repeating: 7, count: 32)) }
        return NoiseCipherState(key: key, nonce: nonce)
    }

    /// A holder, because a transport can't be copied into a tuple.
    final class NoiseTransportBox {
        var transport: NoiseTransport
        init(_ transport: consuming NoiseTransport) { self.transport = transport }

        /// The transport as a new value with the same keys' memory; the box is of no use afterwards.
        func take() -> NoiseTransport {
            let empty = NoiseTransport(sending: NoiseTests.cipher(), receiving: NoiseTests.cipher(), handshakeHash: [])
            return exchange(&transport, with: empty)
        }
    }

    @Test("A message that fails leaves the counter, so that the right one still opens")
    func failureLeavesNonce() throws {
        let (client, server) = try Self.transports()
        let good = NoiseVectorTests.seal([1, 2, 3], &client.transport.sending)
        for index in good.indices {
            var bad = good
            bad[index] ^= 0x40
            #expect(throws: NoiseError.notAuthentic) {
                try NoiseVectorTests.open(bad, &server.transport.receiving)
            }
            #expect(server.transport.receiving.nonce == 0)
        }
        #expect(try NoiseVectorTests.open(good, &server.transport.receiving) == [1, 2, 3])
        #expect(server.transport.receiving.nonce == 1)
    }

    @Test("2⁶⁴ − 2 is the last counter; 2⁶⁴ − 1 is refused both ways and never wraps")
    func nonceLimit() throws {
        var sending = Self.cipher(nonce: .max - 1)
        var receiving = Self.cipher(nonce: .max - 1)
        var buffer = [UInt8](repeating: 0, count: 17)
        let last = NoiseVectorTests.seal([42], &sending)
        #expect(try NoiseVectorTests.open(last, &receiving) == [42])
        for _ in 0..<3 {
            var errors: [NoiseError?] = []
            buffer.withUnsafeMutableBytes { buffer in
                let input = UnsafeRawBufferPointer(buffer)
                do throws(NoiseError) {
                    try sending.encrypt(UnsafeRawBufferPointer(rebasing: input[..<1]), into: buffer)
                } catch { errors.append(error) }
                do throws(NoiseError) {
                    try receiving.decrypt(input, into: buffer)
                } catch { errors.append(error) }
            }
            #expect(errors == [.nonceExhausted, .nonceExhausted])
        }
        let nonces = [sending.nonce, receiving.nonce]
        #expect(nonces == [.max, .max])
    }

    @Test("After a rekey the old key opens nothing new and the new key nothing old")
    func rekey() throws {
        var sending = Self.cipher()
        let before = NoiseVectorTests.seal([1], &sending)
        sending.rekey()
        let after = NoiseVectorTests.seal([2], &sending)
        let count = sending.nonce
        #expect(count == 2)

        var old = Self.cipher(nonce: 1)
        #expect(throws: NoiseError.notAuthentic) { try NoiseVectorTests.open(after, &old) }
        var new = Self.cipher()
        new.rekey()
        #expect(throws: NoiseError.notAuthentic) { try NoiseVectorTests.open(before, &new) }
        var right = Self.cipher()
        #expect(try NoiseVectorTests.open(before, &right) == [1])
        right.rekey()
        #expect(try NoiseVectorTests.open(after, &right) == [2])
    }

    @Test("Messages out of turn and after a failure are refused")
    func turns() throws {
        var responder = try NoiseHandshake(
            pattern: .xk,
            role: .responder,
            prologue: [],
            localStatic: Fixture.serverKey
        )
        var message: [UInt8] = []
        var errors: [NoiseError] = []
        func note(_ body: () throws(NoiseError) -> Void) {
            do throws(NoiseError) {
                try body()
            } catch { errors.append(error) }
        }
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
        note { () throws(NoiseError) in try responder.writeMessage(payload: nothing, appendingTo: &message) }
        note { () throws(NoiseError) in _ = try responder.handshakeHash() }
        note { () throws(NoiseError) in try responder.readMessage(nothing, appendingTo: &message) }
        note { () throws(NoiseError) in try responder.readMessage(nothing, appendingTo: &message) }
        #expect(errors == [.outOfTurn, .outOfTurn, .messageLength(0), .failedBefore])
        #expect(message.isEmpty)
    }

    @Test("A pattern's keys must be there, and pre-shared keys in the right number")
    func missingKeys() {
        func attempt(_ pattern: String, local: Bool, remote: Bool, psks: Int = 0) -> NoiseError? {
            do throws(NoiseError) {
                _ = try NoiseHandshake(
                    pattern: NoisePattern(named: pattern)!,
                    role: .initiator,
                    prologue: [],
                    localStatic: local ? Fixture.clientKey : nil,
                    remoteStatic: remote ? Fixture.serverKey.publicKey : nil,
                    presharedKeys: (0..<psks).map { _ in SecretBytes.random(count: 32) }
                )
                return nil
            } catch { return error }
        }
        #expect(attempt("XK", local: true, remote: true) == nil)
        #expect(attempt("XK", local: false, remote: true) == .missingKey("local static key"))
        #expect(attempt("XK", local: true, remote: false) == .missingKey("remote static key"))
        #expect(attempt("XK", local: true, remote: true, psks: 1) == .missingKey("pre-shared key"))
        #expect(attempt("XKpsk3", local: true, remote: true) == .missingKey("pre-shared key"))
        #expect(attempt("NN", local: false, remote: false) == nil)
        #expect(attempt("NK", local: false, remote: true) == nil)
    }

    @Test(
        "Only the fundamental patterns have names",
        arguments: ["", "xk", "XKX", "XKpsk4", "XKpsk", "XKpsk3+psk0", "XK1", "XKpsk3+"]
    )
    func unknownPatterns(name: String) {
        #expect(NoisePattern(named: name) == nil)
    }

    @Test("A low-order ephemeral or static key ends the handshake", arguments: lowOrder)
    func lowOrderKeys(point: [UInt8]) throws {
        // As the client's ephemeral key in the first message: es is zero at the server.
        var responder = try NoiseHandshake(pattern: .xk, role: .responder, prologue: [], localStatic: Fixture.serverKey)
        var payload: [UInt8] = []
        let first = point + [UInt8](repeating: 0, count: 16)
        var error: NoiseError?
        first.withUnsafeBytes { first in
            do throws(NoiseError) {
                try responder.readMessage(first, appendingTo: &payload)
            } catch let caught { error = caught }
        }
        #expect(error == .zeroSharedSecret)
        // As the server's static key: es is zero at the client.
        let key = try X25519.PublicKey(bytes: point)
        var initiator = try NoiseHandshake(
            pattern: .xk,
            role: .initiator,
            prologue: [],
            localStatic: Fixture.clientKey,
            remoteStatic: key
        )
        error = nil
        do throws(NoiseError) {
            try initiator.writeMessage(payload: .init(start: nil, count: 0), appendingTo: &payload)
        } catch let caught { error = caught }
        #expect(error == .zeroSharedSecret)
        #expect(payload.isEmpty)
    }

    static let lowOrder: [[UInt8]] = [
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    ].map { [UInt8](hex: $0) }
}

/// Puts `value` in the place of `target`, and gives what was there.
private func exchange(_ target: inout NoiseTransport, with value: consuming NoiseTransport) -> NoiseTransport {
    let old = target
    target = value
    return old
}
