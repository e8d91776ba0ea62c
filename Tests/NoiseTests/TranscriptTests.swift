import Foundation
import SodiumCrypto
import Testing

@testable import Noise

@Suite("Noise transcripts of other implementations")
struct TranscriptTests {
    struct Vector: Decodable {
        struct Message: Decodable {
            var payload: String
            var message: String
        }

        struct Transport: Decodable {
            var initiator: Bool
            var rekey: Bool
            var plaintext: String
            var ciphertext: String
        }

        var pattern: String
        var prologue: String
        var psk: String?
        var initiatorStatic: String?
        var responderStatic: String?
        var initiatorEphemeral: String
        var responderEphemeral: String
        var messages: [Message]
        var handshakeHash: String
        var transport: [Transport]
    }

    static func key(_ hex: String?) throws -> X25519.PrivateKey? {
        try hex.map { try X25519.PrivateKey(bytes: [UInt8](hex: $0)) }
    }

    /// Begins one side of a vector's handshake.
    static func handshake(_ vector: Vector, _ role: NoiseHandshake.Role) throws -> NoiseHandshake {
        let pattern = try #require(NoisePattern(named: vector.pattern), "\(vector.pattern)")
        let (local, remote) =
            role == .initiator
            ? (try key(vector.initiatorStatic), try key(vector.responderStatic))
            : (try key(vector.responderStatic), try key(vector.initiatorStatic))
        return try NoiseHandshake(
            pattern: pattern,
            role: role,
            prologue: [UInt8](hex: vector.prologue),
            localStatic: local,
            remoteStatic: remote?.publicKey,
            presharedKeys: vector.psk.map { [SecretBytes(copying: [UInt8](hex: $0))] } ?? [],
            ephemeral: try key(role == .initiator ? vector.initiatorEphemeral : vector.responderEphemeral)
        )
    }

    /// Runs both sides over a vector and compares every byte.
    static func run(_ vector: Vector) throws {
        var initiator = try handshake(vector, .initiator)
        var responder = try handshake(vector, .responder)
        for (index, message) in vector.messages.enumerated() {
            let payload = [UInt8](hex: message.payload)
            var written: [UInt8] = []
            var read: [UInt8] = []
            try payload.withUnsafeBytes { payload in
                if index % 2 == 0 {
                    try initiator.writeMessage(payload: payload, appendingTo: &written)
                    try written.withUnsafeBytes { try responder.readMessage($0, appendingTo: &read) }
                } else {
                    try responder.writeMessage(payload: payload, appendingTo: &written)
                    try written.withUnsafeBytes { try initiator.readMessage($0, appendingTo: &read) }
                }
            }
            #expect(written.hex == message.message, "\(vector.pattern) message \(index)")
            #expect(read == payload)
        }
        let hashes = (try initiator.handshakeHash().hex, try responder.handshakeHash().hex)
        #expect(hashes.0 == vector.handshakeHash && hashes.1 == vector.handshakeHash)

        var first = try initiator.split()
        var second = try responder.split()
        for step in vector.transport {
            let plaintext = [UInt8](hex: step.plaintext)
            if step.initiator {
                if step.rekey {
                    first.sending.rekey()
                    second.receiving.rekey()
                }
                #expect(first.sending.sealed(plaintext).hex == step.ciphertext)
                #expect(try second.receiving.opened([UInt8](hex: step.ciphertext)) == plaintext)
            } else {
                if step.rekey {
                    second.sending.rekey()
                    first.receiving.rekey()
                }
                #expect(second.sending.sealed(plaintext).hex == step.ciphertext)
                #expect(try first.receiving.opened([UInt8](hex: step.ciphertext)) == plaintext)
            }
        }
    }

    @Test("108 transcripts of noiseprotocol, 36 patterns, with rekeying: every message, hash and ciphertext")
    func noiseprotocol() throws {
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/noiseprotocol.json")
        let vectors = try JSONDecoder().decode([Vector].self, from: Data(contentsOf: url))
        #expect(vectors.count == 108)
        #expect(vectors.count { $0.pattern == "XK" } == 3)
        for vector in vectors { try Self.run(vector) }
    }

    @Test("60 transcripts of flynn/noise: every fundamental pattern, without and with a pre-shared key at each place")
    func flynn() throws {
        let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/flynn.json")
        let vectors = try JSONDecoder().decode([Vector].self, from: Data(contentsOf: url))
        #expect(Set(vectors.map(\.pattern)).count == 60)
        #expect(Set(vectors.map { $0.pattern.prefix { $0.isUppercase } }).count == 15)
        for vector in vectors { try Self.run(vector) }
    }

    /// The format of cacophony, snow and noise-c; those files are not in the tree.
    struct PublicVector: Decodable {
        struct Message: Decodable {
            var payload: String
            var ciphertext: String
        }

        var protocolName: String?
        var name: String?
        var initPrologue: String?
        var initPsks: [String]?
        var initStatic: String?
        var initEphemeral: String?
        var respStatic: String?
        var respEphemeral: String?
        var handshakeHash: String?
        var messages: [Message]
    }

    struct PublicFile: Decodable {
        var vectors: [PublicVector]
    }

    @Test(
        "The public vector files that CHAINFERENCE_NOISE_VECTORS names",
        .enabled(if: ProcessInfo.processInfo.environment["CHAINFERENCE_NOISE_VECTORS"] != nil)
    )
    func publicVectors() throws {
        let path = try #require(ProcessInfo.processInfo.environment["CHAINFERENCE_NOISE_VECTORS"])
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        let file = try decoder.decode(PublicFile.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
        var count = 0
        for vector in file.vectors {
            let parts = (vector.protocolName ?? vector.name ?? "").split(separator: "_")
            guard parts.count == 5, parts[2...] == ["25519", "ChaChaPoly", "SHA256"],
                let pattern = NoisePattern(named: String(parts[1]))
            else { continue }
            func begin(_ role: NoiseHandshake.Role) throws -> NoiseHandshake {
                let (mine, theirs) =
                    role == .initiator
                    ? (vector.initStatic, vector.respStatic) : (vector.respStatic, vector.initStatic)
                return try NoiseHandshake(
                    pattern: pattern,
                    role: role,
                    prologue: [UInt8](hex: vector.initPrologue ?? ""),
                    localStatic: Self.key(mine),
                    remoteStatic: Self.key(theirs)?.publicKey,
                    presharedKeys: (vector.initPsks ?? []).map { SecretBytes(copying: [UInt8](hex: $0)) },
                    ephemeral: Self.key(role == .initiator ? vector.initEphemeral : vector.respEphemeral)
                )
            }
            var initiator = try begin(.initiator)
            var responder = try begin(.responder)
            let handshakeCount = pattern.messages.count
            for (index, message) in vector.messages.prefix(handshakeCount).enumerated() {
                var written: [UInt8] = []
                var read: [UInt8] = []
                let payload = [UInt8](hex: message.payload)
                try payload.withUnsafeBytes { payload in
                    if index % 2 == 0 {
                        try initiator.writeMessage(payload: payload, appendingTo: &written)
                        try written.withUnsafeBytes { try responder.readMessage($0, appendingTo: &read) }
                    } else {
                        try responder.writeMessage(payload: payload, appendingTo: &written)
                        try written.withUnsafeBytes { try initiator.readMessage($0, appendingTo: &read) }
                    }
                }
                #expect(written.hex == message.ciphertext, "\(parts[1]) \(index)")
            }
            let hash = try initiator.handshakeHash().hex
            if let expected = vector.handshakeHash { #expect(hash == expected) }
            var first = try initiator.split()
            var second = try responder.split()
            for (index, message) in vector.messages.enumerated().dropFirst(handshakeCount) {
                let plaintext = [UInt8](hex: message.payload)
                let byInitiator = handshakeCount == 1 || index % 2 == 0
                let sealed = byInitiator ? first.sending.sealed(plaintext) : second.sending.sealed(plaintext)
                #expect(sealed.hex == message.ciphertext, "\(parts[1]) \(index)")
            }
            count += 1
        }
        #expect(count > 0)
        print("public Noise vectors checked:", count, "of", file.vectors.count)
    }
}
