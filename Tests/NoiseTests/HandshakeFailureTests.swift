import SodiumCrypto
import Testing

@testable import Noise

@Suite("Noise: handshakes that fail")
struct HandshakeFailureTests {
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

    @Test("A low-order key ends the handshake, ephemeral or static, on either side", arguments: lowOrder)
    func lowOrderKeys(point: [UInt8]) throws {
        // As the client's ephemeral key in the first message: es is zero at the server.
        let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
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

        // As the client's static key in the third message: se is zero at the server.
        var state = NoiseSymmetricState(protocolName: "Noise_XK_25519_ChaChaPoly_SHA256")
        state.mixHash(nothing)
        Fixture.serverKey.publicKey.withUnsafeBytes { state.mixHash($0) }
        var server = try NoiseHandshake(pattern: .xk, role: .responder, prologue: [], localStatic: Fixture.serverKey)
        let ephemeral = Fixture.key(0x66)
        var message = ephemeral.publicKey.bytes
        ephemeral.publicKey.withUnsafeBytes { state.mixHash($0) }
        try ephemeral.sharedSecret(with: Fixture.serverKey.publicKey).withUnsafeBytes { state.mixKey($0) }
        try state.encryptAndHash(nothing, appendingTo: &message)
        try message.withUnsafeBytes { try server.readMessage($0, appendingTo: &payload) }
        var second: [UInt8] = []
        try server.writeMessage(payload: nothing, appendingTo: &second)
        let answer = try X25519.PublicKey(bytes: second.prefix(32))
        answer.withUnsafeBytes { state.mixHash($0) }
        try ephemeral.sharedSecret(with: answer).withUnsafeBytes { state.mixKey($0) }
        try second.dropFirst(32).withUnsafeBytes { try state.decryptAndHash($0, appendingTo: &payload) }
        var third: [UInt8] = []
        try point.withUnsafeBytes { try state.encryptAndHash($0, appendingTo: &third) }
        // What everybody knows: the shared secret is zero.
        [UInt8](repeating: 0, count: 32).withUnsafeBytes { state.mixKey($0) }
        try state.encryptAndHash(nothing, appendingTo: &third)
        error = nil
        third.withUnsafeBytes { third in
            do throws(NoiseError) {
                try server.readMessage(third, appendingTo: &payload)
            } catch let caught { error = caught }
        }
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
    ].flatMap { hex -> [[UInt8]] in
        // X25519 ignores the top bit: each point has two spellings.
        let point = [UInt8](hex: hex)
        return [point, point.dropLast() + [point[31] | 0x80]]
    }
}
