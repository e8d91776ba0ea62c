import Foundation
import Noise
import SodiumCrypto
import Testing

@testable import PeerChannel

@Suite("Suite 2: a key encapsulation in the handshake")
struct PostQuantumTests {
    #if PostQuantum
        struct Vectors: Decodable {
            struct Case: Decodable {
                var seed: String
                var key: String
                var ciphertext: String
                var secret: String
                var presharedKey: String
            }

            var cases: [Case]
            var refusedKeys: [String]
        }

        static func vectors() throws -> Vectors {
            let url = Bundle.module.bundleURL.appendingPathComponent("Vectors/mlkem.json")
            return try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: url))
        }

        @Test("ML-KEM-768 against the Python package `cryptography`: 32 encapsulations, a quarter of them damaged")
        func encapsulations() throws {
            for test in try Self.vectors().cases {
                let key = try KeyEncapsulation.PrivateKey(seed: [UInt8](hex: test.seed))
                #expect(key.publicKey.hex == test.key)
                let presharedKey = try key.presharedKey(from: [UInt8](hex: test.ciphertext))
                let bytes = presharedKey.withUnsafeBytes { [UInt8]($0) }
                #expect(bytes.hex == test.presharedKey)
            }
        }

        @Test("Keys that are not reduced, or of another length, are refused; so are short ciphertexts")
        func refusedKeys() throws {
            let vectors = try Self.vectors()
            for key in vectors.refusedKeys {
                #expect(throws: NoiseError.notAuthentic, "\(key.prefix(20))") {
                    _ = try KeyEncapsulation.encapsulate(to: [UInt8](hex: key))
                }
            }
            let key = try KeyEncapsulation.PrivateKey()
            #expect(throws: NoiseError.notAuthentic) {
                _ = try key.presharedKey(from: [UInt8](repeating: 1, count: KeyEncapsulation.ciphertextSize - 1))
            }
        }

        @Test("A whole session in suite 2; its messages have their own sizes")
        func session() throws {
            var pair = try MachinePair(suite: .noiseXKpsk3MLKEM768)
            pair.open()
            let sizes = [pair.clientWrites[0].count, pair.serverWrites[0].count, pair.clientWrites[1].count]
            #expect(sizes == [1_235, 1_202, 130])
            let candidate = try pair.prompt(Array("Why?".utf8))
            let prompt = try #require(candidate)
            let events = try SessionTests.answer(&pair, prompt, SessionTests.text)
            #expect(events.text == SessionTests.text)
            let bindings = (pair.client.channelBinding, pair.server.applicant?.channelBinding)
            #expect(bindings.0 == bindings.1)
        }

        @Test("No downgrade: the suite's byte changed in flight fails, either way, in silence", arguments: [1, 2])
        func downgrade(client: UInt8) throws {
            let suite = try #require(PeerSuite(rawValue: client))
            let other = 3 - client
            var pair = try MachinePair(suite: suite)
            var first = pair.takeFromClient()
            first[0] = other
            pair.giveToServer(first)
            #expect(pair.server.isOver && !pair.server.hasOutput)
            // Somebody who also corrects the length fails at the tag: the suite is in the prologue.
            var cut = try MachinePair(suite: suite)
            first = cut.takeFromClient()
            let size = PeerSuite(rawValue: other)!.firstMessageSize
            let body = (first.dropFirst(3) + [UInt8](repeating: 0, count: size)).prefix(size)
            cut.giveToServer([other, UInt8(size >> 8), UInt8(size & 255)] + body)
            let (ending, hasOutput) = (cut.server.ending, cut.server.hasOutput)
            #expect(ending == .handshakeFailed(.notAuthentic) && !hasOutput)
        }

        @Test("A server that publishes one suite answers no other")
        func oneSuite() throws {
            let both = PeerSuite.allCases
            for (client, server) in zip(both, both.reversed()) {
                var pair = try MachinePair(suite: client, suites: [server])
                pair.giveToServer(pair.takeFromClient())
                #expect(pair.server.isOver && !pair.server.hasOutput)
            }
        }

        /// What somebody reads of a recorded handshake who has every X25519 key of both sides: the last message's payload.
        private static func read(_ suite: PeerSuite, _ pair: borrowing MachinePair) throws -> [UInt8]? {
            func handshake(_ role: NoiseHandshake.Role) throws -> NoiseHandshake {
                try NoiseHandshake(
                    pattern: suite.pattern,
                    role: role,
                    prologue: Fixture.context.prologue(suite: suite),
                    localStatic: role == .initiator ? Fixture.clientKey : Fixture.serverKey,
                    remoteStatic: role == .initiator ? Fixture.serverKey.publicKey : nil,
                    presharedKeys: suite.encapsulates ? nil : [],
                    ephemeral: role == .initiator ? Fixture.key(0x33) : Fixture.key(0x44)
                )
            }
            let first = Array(pair.clientWrites[0].dropFirst(3))
            let second = Array(pair.serverWrites[0].dropFirst(2))
            let third = Array(pair.clientWrites[1].dropFirst(2).prefix(128))
            var responder = try handshake(.responder)
            var initiator = try handshake(.initiator)
            var (key, hello, again, payload): ([UInt8], [UInt8], [UInt8], [UInt8]) = ([], [], [], [])
            try first.withUnsafeBytes { try responder.readMessage($0, appendingTo: &key) }
            try key.withUnsafeBytes { try initiator.writeMessage(payload: $0, appendingTo: &again) }
            #expect(again == first, "the thief has everything that made the first message")
            try second.withUnsafeBytes { try initiator.readMessage($0, appendingTo: &hello) }
            again = []
            try hello.withUnsafeBytes { try responder.writeMessage(payload: $0, appendingTo: &again) }
            #expect(again == second)
            if suite.encapsulates {
                // The secret that was encapsulated is the one thing that these keys don't give.
                let guess = [UInt8](repeating: 0, count: 32)
                let presharedKey = guess.withUnsafeBytes {
                    KeyEncapsulation.presharedKey(secret: $0, key: key, ciphertext: Array(hello.dropFirst(64)))
                }
                try responder.add(presharedKey: presharedKey)
            }
            do {
                try third.withUnsafeBytes { try responder.readMessage($0, appendingTo: &payload) }
                return payload
            } catch {
                #expect(error as? NoiseError == .notAuthentic)
                return nil
            }
        }

        @Test("Every X25519 secret revealed: a recorded session of suite 2 stays closed, and one of suite 1 does not")
        func revealed() throws {
            for suite in PeerSuite.allCases {
                var pair = try MachinePair(suite: suite, ephemerals: (Fixture.key(0x33), Fixture.key(0x44)))
                pair.open()
                _ = try pair.prompt(Array("the secret prompt".utf8))
                let payload = try Self.read(suite, pair)
                switch suite {
                case .noiseXK: #expect(payload?.starts(with: Fixture.requestAddress) == true)
                case .noiseXKpsk3MLKEM768: #expect(payload == nil)
                }
            }
        }
    #else
        @Test("Without the trait the suite is refused on both sides, and its addresses are still understood")
        func notBuilt() throws {
            #expect(!PeerSuite.noiseXKpsk3MLKEM768.isBuilt)
            #expect(throws: NoiseError.missingKey("trait PostQuantum in this build")) {
                _ = try MachinePair(suite: .noiseXKpsk3MLKEM768)
            }
            var pair = try MachinePair()
            pair.giveToServer([2])
            #expect(pair.server.isOver && !pair.server.hasOutput)
        }
    #endif
}
