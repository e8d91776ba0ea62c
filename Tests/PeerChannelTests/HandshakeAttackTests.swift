import SodiumCrypto
import Testing

@testable import Noise
@testable import PeerChannel

@Suite("Handshake: tampering, truncation, replay, unknown key share")
struct HandshakeAttackTests {
    /// What a server under attack does: how it ended, and how many bytes it gave away.
    struct Outcome {
        var ending: PeerError?
        var hasApplicant: Bool
        var bytesOut: Int
        var isOver: Bool
    }

    /// Feeds bytes to a fresh server.
    static func attack(_ pieces: [[UInt8]]) throws -> Outcome {
        var pair = try MachinePair()
        var bytesOut = 0
        for piece in pieces {
            pair.giveToServer(piece)
            bytesOut += pair.takeFromServer().count
        }
        return Outcome(
            ending: pair.server.ending,
            hasApplicant: pair.server.applicant != nil,
            bytesOut: bytesOut,
            isOver: pair.server.isOver
        )
    }

    @Test("An honest handshake: 51, 114 and 130 bytes, equal handshake hashes, the client's key and request proved")
    func honest() throws {
        var pair = try MachinePair()
        let first = pair.takeFromClient()
        pair.giveToServer(first)
        let second = pair.takeFromServer()
        pair.giveToClient(second)
        let third = pair.takeFromClient()
        #expect([first.count, second.count, third.count] == [51, 114, 130])
        pair.giveToServer(third)
        let candidate = pair.server.applicant
        let applicant = try #require(candidate)
        #expect(applicant.clientKey == Fixture.clientKey.publicKey)
        #expect(applicant.request == Fixture.request)
        let binding = pair.client.channelBinding
        #expect(applicant.channelBinding == binding)
        #expect(applicant.channelBinding.count == 32)
        let server = pair.client.server
        #expect(server == Fixture.hello)
        let wants = pair.server.wantsInput
        #expect(!wants, "nothing more is read before the program has decided")
    }

    @Test("Every flipped bit of the first message ends in silence")
    func tamperedFirst() throws {
        var pair = try MachinePair()
        let first = pair.takeFromClient()
        for bit in 0..<first.count * 8 {
            var bad = first
            bad[bit / 8] ^= 1 << (bit % 8)
            let outcome = try Self.attack([bad])
            #expect(outcome.bytesOut == 0 && !outcome.hasApplicant, "bit \(bit)")
            // X25519 ignores the top bit of a key, but the transcript does not.
            #expect(outcome.isOver, "bit \(bit)")
        }
    }

    @Test("Every flipped bit of the second message is seen by the client, which then says nothing more")
    func tamperedSecond() throws {
        let ephemerals = (Fixture.key(0x33), Fixture.key(0x44))
        var pair = try MachinePair(ephemerals: ephemerals)
        pair.giveToServer(pair.takeFromClient())
        let second = pair.takeFromServer()
        for bit in 0..<second.count * 8 {
            var victim = try MachinePair(ephemerals: ephemerals)
            _ = victim.takeFromClient()
            var bad = second
            bad[bit / 8] ^= 1 << (bit % 8)
            victim.giveToClient(bad)
            let (ending, out) = (victim.client.ending, victim.takeFromClient())
            #expect(ending != nil, "bit \(bit)")
            #expect(out.isEmpty)
        }
    }

    @Test("Every flipped bit of the third message ends in silence")
    func tamperedThird() throws {
        let ephemerals = (Fixture.key(0x33), Fixture.key(0x44))
        var pair = try MachinePair(ephemerals: ephemerals)
        let first = pair.takeFromClient()
        pair.giveToServer(first)
        pair.giveToClient(pair.takeFromServer())
        let third = pair.takeFromClient()
        for bit in 0..<third.count * 8 {
            var victim = try MachinePair(ephemerals: ephemerals)
            victim.giveToServer(first)
            _ = victim.takeFromServer()
            var bad = third
            bad[bit / 8] ^= 1 << (bit % 8)
            victim.giveToServer(bad)
            let (isOver, applicant, out) = (victim.server.isOver, victim.server.applicant, victim.takeFromServer())
            #expect(isOver && applicant == nil && out.isEmpty, "bit \(bit)")
        }
    }

    @Test("A handshake that is cut anywhere never completes and runs into its deadline, in silence")
    func truncated() throws {
        let ephemerals = (Fixture.key(0x33), Fixture.key(0x44))
        var pair = try MachinePair(ephemerals: ephemerals)
        let first = pair.takeFromClient()
        pair.giveToServer(first)
        pair.giveToClient(pair.takeFromServer())
        let third = pair.takeFromClient()
        let whole = first + third
        for count in 0..<whole.count {
            var victim = try MachinePair(ephemerals: ephemerals)
            victim.giveToServer(Array(whole[..<count]))
            let before = victim.takeFromServer().count
            victim.now = .seconds(10)
            victim.server.beat(now: victim.now)
            let (ending, applicant, after) = (victim.server.ending, victim.server.applicant, victim.takeFromServer())
            #expect(ending == .deadlineExceeded(.handshake), "cut at \(count)")
            #expect(applicant == nil && after.isEmpty)
            #expect(before == (count >= first.count ? 114 : 0))
        }
    }

    @Test("A recorded session that is played again gets one message and then silence")
    func replay() throws {
        var pair = try MachinePair()
        pair.open()
        _ = try pair.prompt(Array("secret".utf8))
        // The first message alone, the first and the third, and all there was: against a server that has restarted, too.
        for count in 1...pair.clientWrites.count {
            let outcome = try Self.attack(Array(pair.clientWrites.prefix(count)))
            #expect(!outcome.hasApplicant)
            #expect(outcome.bytesOut == 114, "the second message, which says nothing private")
            #expect(outcome.isOver == (count > 1))
            #expect(outcome.ending == (count > 1 ? .handshakeFailed(.notAuthentic) : nil))
        }
    }

    @Test("Another chain, another program, another wallet with the same key: no handshake")
    func unknownKeyShare() throws {
        let other = [UInt8](repeating: 9, count: 32)
        let good = Fixture.context
        let contexts = [
            PeerContext(genesisHash: other, program: good.program, serverWallet: good.serverWallet),
            PeerContext(genesisHash: good.genesisHash, program: other, serverWallet: good.serverWallet),
            PeerContext(genesisHash: good.genesisHash, program: good.program, serverWallet: other),
        ]
        for context in contexts {
            var pair = try MachinePair(clientContext: context)
            pair.exchange()
            let (isOver, writes) = (pair.server.isOver, pair.serverWrites.count)
            #expect(isOver && writes == 0)
        }
        var pair = try MachinePair(serverKeyAsClientKnowsIt: Fixture.key(0x55).publicKey)
        pair.exchange()
        let writes = pair.serverWrites.count
        #expect(writes == 0)
        pair.client.disconnected(nil, now: .zero)
        let ending = pair.client.ending
        #expect(ending == .handshakeClosed)
    }

    @Test("Other suites, wrong lengths and trailing bytes end in silence")
    func malformed() throws {
        var pair = try MachinePair()
        let first = pair.takeFromClient()
        for suite in [0, 2, 0x16, 0x47, 0xff] as [UInt8] {
            #expect(try Self.attack([[suite] + first.dropFirst()]).bytesOut == 0)
        }
        for length in [0, 1, 47, 49, 255, 65_535] {
            let prefix: [UInt8] = [1, UInt8(length >> 8), UInt8(length & 255)]
            let outcome = try Self.attack([prefix])
            #expect(outcome.isOver && outcome.bytesOut == 0, "refused before anything of that length is waited for")
        }
        let early = try Self.attack([first + [UInt8](repeating: 0, count: 130)])
        #expect(early.isOver && !early.hasApplicant)
    }

    @Test("Resistance to key compromise: whoever has stolen the server's key still can't be a client towards it")
    func keyCompromise() throws {
        // A client's third message, by somebody who knows every key but the client's: `secret` stands in for the
        // Diffie-Hellman of the client's private key with the server's ephemeral key.
        func attempt(_ secret: (_ ephemeral: X25519.PrivateKey, _ server: X25519.PublicKey) throws -> SecretBytes)
            throws
            -> Outcome
        {
            var pair = try MachinePair()
            let (thief, stolen) = (Fixture.key(0x66), Fixture.serverKey)
            var state = NoiseSymmetricState(protocolName: "Noise_XK_25519_ChaChaPoly_SHA256")
            Fixture.context.prologue(suite: .noiseXK).withUnsafeBytes { state.mixHash($0) }
            stolen.publicKey.withUnsafeBytes { state.mixHash($0) }
            var first: [UInt8] = [1, 0, 48] + thief.publicKey.bytes
            thief.publicKey.withUnsafeBytes { state.mixHash($0) }
            try thief.sharedSecret(with: stolen.publicKey).withUnsafeBytes { state.mixKey($0) }
            let nothing = UnsafeRawBufferPointer(start: nil, count: 0)
            try state.encryptAndHash(nothing, appendingTo: &first)
            pair.giveToServer(first)

            let second = pair.takeFromServer().dropFirst(2)
            let ephemeral = try X25519.PublicKey(bytes: second.prefix(32))
            ephemeral.withUnsafeBytes { state.mixHash($0) }
            try thief.sharedSecret(with: ephemeral).withUnsafeBytes { state.mixKey($0) }
            var hello: [UInt8] = []
            try second.dropFirst(32).withUnsafeBytes { try state.decryptAndHash($0, appendingTo: &hello) }

            var third: [UInt8] = [0, 128]
            try Fixture.clientKey.publicKey.withUnsafeBytes { try state.encryptAndHash($0, appendingTo: &third) }
            try secret(thief, ephemeral).withUnsafeBytes { state.mixKey($0) }
            let payload = ClientHelloPayload(request: Fixture.request, shaping: .constantRate).encoded()
            try payload.withUnsafeBytes { try state.encryptAndHash($0, appendingTo: &third) }
            pair.giveToServer(third)
            return Outcome(
                ending: pair.server.ending,
                hasApplicant: pair.server.applicant != nil,
                bytesOut: pair.takeFromServer().count,
                isOver: pair.server.isOver
            )
        }
        let (stolen, client) = (Fixture.serverKey, Fixture.clientKey.publicKey)
        let guesses: [(X25519.PrivateKey, X25519.PublicKey) throws -> SecretBytes] = [
            { _, _ in try stolen.sharedSecret(with: client) }, { _, server in try stolen.sharedSecret(with: server) },
            { thief, _ in try thief.sharedSecret(with: client) },
            { thief, server in try thief.sharedSecret(with: server) },
            { _, _ in SecretBytes(count: 32) { _ in } },
        ]
        for guess in guesses {
            let outcome = try attempt(guess)
            #expect(outcome.isOver && !outcome.hasApplicant && outcome.bytesOut == 0)
            #expect(outcome.ending == .handshakeFailed(.notAuthentic))
        }
        // The forgery is right but for that secret: who has the client's key gets in.
        #expect(try attempt { _, server in try Fixture.clientKey.sharedSecret(with: server) }.hasApplicant)
    }
}
