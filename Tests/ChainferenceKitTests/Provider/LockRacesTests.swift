import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("Races for a lock")
struct LockRacesTests {
    let now = UnixTime(rawValue: 10_000)

    @Test("Without rivals nothing is waited for and no fee is feared")
    func alone() {
        var races = LockRaces()
        #expect(races.pause(at: now, draw: 1) == .zero && races.chance(at: now) == 1)
        for _ in 0..<50 { races.count(.won, at: now) }
        #expect(races.pause(at: now, draw: 1) == .zero && races.chance(at: now) == 1)
    }

    @Test("Every lost race makes the next pause longer, up to two seconds, and spreads it at random")
    func pauses() {
        var races = LockRaces()
        var last = Duration.zero
        for _ in 0..<4 {
            races.count(.lost, at: now)
            let pause = races.pause(at: now, draw: 1)
            #expect(pause > last)
            last = pause
        }
        #expect(races.pause(at: now, draw: 0) == .zero)
        #expect(races.pause(at: now, draw: 0.5) < last)
        for _ in 0..<100 { races.count(.lostAndPaid, at: now) }
        #expect(races.pause(at: now, draw: 1) == .seconds(2))
    }

    @Test("Only losses that cost something count against the chance; wins bring it back, and so does time")
    func chances() {
        var races = LockRaces()
        for _ in 0..<10 { races.count(.lost, at: now) }
        #expect(races.chance(at: now) == 1)
        races.count(.lostAndPaid, at: now)
        #expect(races.chance(at: now) == 0.5)
        races.count(.lostAndPaid, at: now)
        #expect(races.chance(at: now) < 0.34)
        var winner = races
        for _ in 0..<8 { winner.count(.won, at: now) }
        #expect(winner.chance(at: now) > 0.8)
        // Half of the weight is gone after the half-life, and all of it in the end; clocks that go back do no harm.
        let later = now.advanced(bySeconds: 300)
        #expect(races.chance(at: later) > races.chance(at: now) && races.chance(at: later) < 1)
        #expect(races.chance(at: now.advanced(bySeconds: 30_000)) == 1)
        #expect(races.pause(at: now.advanced(bySeconds: 30_000), draw: 1) == .zero)
        #expect(races.chance(at: UnixTime(rawValue: 0)) == races.chance(at: now))
    }

    @Test("A lock that brings less than the fees of lost attempts is left alone")
    func contested() throws {
        let listed = Terms(outputPrice: .lamports(400_000), minimumCharge: 20_000)
        let policy = LockPolicy(
            fees: FeeSchedule(),
            profitFloor: 0,
            expectedUsage: TokenCount(input: 256, output: 512),
            maximumLocks: 2
        )
        let model: ModelID = "org/model"
        var situation = LockPolicy.Situation(
            server: try AccountBytes.server(
                owner: Keypair().address,
                listings: [Listing(model: model, terms: listed, raisedSlot: 1)]
            ),
            served: [model.hash],
            fee: .zero,
            locks: 0,
            now: UnixTime(rawValue: 1_000)
        )
        let request = try AccountBytes.request(caps: listed)
        // 5,000 lamports are left of a lock that costs 5,000 when it fails: an even chance is just worth it.
        situation.chance = 0.5
        #expect(policy.decide(request, in: situation) == .lock(listingIndex: 0, profit: 5_000))
        situation.chance = 0.49
        #expect(policy.decide(request, in: situation) == .leave(.contested))
    }

    @Test("The break-even counts the lock, the claim, the market's fee and the floor, and direct requests need less")
    func breakEven() {
        var policy = LockPolicy(
            fees: FeeSchedule(),
            profitFloor: 0,
            expectedUsage: TokenCount(input: 0, output: 512),
            maximumLocks: 2
        )
        let terms = Terms(outputPrice: .lamports(1_000_000))
        // A token is a lamport: 15,000 for lock and claim, 10,000 for the claim alone.
        #expect(policy.breakEven(terms, marketFee: .zero, isDirect: false) == 15_000)
        #expect(policy.breakEven(terms, marketFee: .zero, isDirect: true) == 10_000)
        #expect(policy.breakEven(terms, marketFee: BasisPoints(rawValue: 1_000), isDirect: true) == 11_111)
        policy.profitFloor = 500
        #expect(policy.breakEven(terms, marketFee: .zero, isDirect: false) == 15_500)
        let minimum = Terms(outputPrice: .lamports(1_000_000), minimumCharge: 20_000)
        #expect(policy.breakEven(minimum, marketFee: .zero, isDirect: false) == 0)
    }
}
