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
        let outcome = try Self.attack(pair.clientWrites)
        #expect(outcome.isOver && !outcome.hasApplicant)
        #expect(outcome.bytesOut == 114, "the second message, which says nothing private")
        #expect(outcome.ending == .handshakeFailed(.notAuthentic))
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

    @Test("Whoever holds the server's key still can't be a client towards it")
    func keyCompromise() throws {
        // The attacker knows both private keys but answers for the client without the client's ephemeral key.
        var pair = try MachinePair(ephemerals: (Fixture.key(0x33), Fixture.key(0x44)))
        pair.giveToServer(pair.takeFromClient())
        let second = pair.takeFromServer()
        var attacker = try MachinePair(ephemerals: (Fixture.key(0x66), Fixture.key(0x44)))
        _ = attacker.takeFromClient()
        attacker.giveToClient(second)
        let (ending, out) = (attacker.client.ending, attacker.takeFromClient())
        #expect(ending != nil && out.isEmpty)
    }
}
