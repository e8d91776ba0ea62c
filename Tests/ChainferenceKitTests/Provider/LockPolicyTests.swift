import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("Which requests are locked")
struct LockPolicyTests {
    let owner = Keypair().address
    let listed = Terms(outputPrice: .lamports(400_000), inputPrice: .lamports(100_000), minimumCharge: 20_000)
    let policy = LockPolicy(
        fees: FeeSchedule(),
        profitFloor: 0,
        expectedUsage: TokenCount(input: 256, output: 512),
        maximumLocks: 2
    )

    func situation(
        fee: UInt16 = 0,
        locks: Int = 0,
        reputation: Reputation = Reputation(),
        terms: Terms? = nil
    ) throws -> LockPolicy.Situation {
        let model: ModelID = "org/model"
        return LockPolicy.Situation(
            server: try AccountBytes.server(
                owner: owner,
                listings: [
                    Listing(model: "other", terms: listed, raisedSlot: 1),
                    Listing(model: model, terms: terms ?? listed, raisedSlot: 99),
                ],
                reputation: reputation
            ),
            served: [model.hash],
            fee: BasisPoints(rawValue: fee),
            locks: locks,
            now: UnixTime(rawValue: 1_000)
        )
    }

    @Test("A request within the caps is locked on its listing, and what is left of the charge is named")
    func locks() throws {
        let request = try AccountBytes.request(caps: listed)
        // ⌈(256 × 100,000 + 512 × 400,000) ÷ 10⁶⌉ is 231 lamports, so the minimum is the charge; 15,000 go to the chain.
        #expect(policy.decide(request, in: try situation()) == .lock(listingIndex: 1, profit: 5_000))
        #expect(policy.decide(request, in: try situation(fee: 1_000)) == .lock(listingIndex: 1, profit: 3_000))
    }

    @Test("Everything that the program would refuse is left alone, each for its own reason")
    func refusals() throws {
        func reason(_ request: RequestAccount, _ situation: LockPolicy.Situation? = nil) throws -> LockPolicy.Reason? {
            guard case .leave(let reason) = policy.decide(request, in: try situation ?? self.situation()) else {
                return nil
            }
            return reason
        }
        #expect(try reason(AccountBytes.request(caps: listed, isOpen: false)) == .notOpen)
        #expect(try reason(AccountBytes.request(requester: owner, caps: listed)) == .own)
        #expect(try reason(AccountBytes.request(caps: listed, expiresAt: 1_002)) == .expiring)
        #expect(try reason(AccountBytes.request(caps: listed, expiresAt: 1_003)) == nil)
        #expect(try reason(AccountBytes.request(model: "other", caps: listed)) == .modelNotServed)
        #expect(try reason(AccountBytes.request(model: "unknown", caps: listed)) == .modelNotServed)
        for cap in [\Terms.outputPrice, \Terms.inputPrice] {
            var caps = listed
            caps[keyPath: cap] = .lamports(caps[keyPath: cap].rawValue - 1)
            #expect(try reason(AccountBytes.request(caps: caps)) == .termsAboveCaps)
        }
        var caps = listed
        caps.minimumCharge = 19_999
        #expect(try reason(AccountBytes.request(caps: caps)) == .termsAboveCaps)
        #expect(try reason(AccountBytes.request(caps: listed, createdSlot: 99)) == .listingTooNew)
        #expect(try reason(AccountBytes.request(caps: listed, maximumFee: 249), situation(fee: 250)) == .feeAboveCap)
        #expect(try reason(AccountBytes.request(stake: 19_999, caps: listed)) == .stakeTooSmall)
        #expect(try reason(AccountBytes.request(caps: listed), situation(locks: 2)) == .busy)
        let demanding = try AccountBytes.request(caps: listed, criteria: Criteria(minimumCompleted: 5))
        #expect(try reason(demanding) == .recordTooPoor)
        #expect(try reason(demanding, situation(reputation: Reputation(completed: 5))) == nil)
    }

    @Test("A client that never comes must not cost the provider more than it pays")
    func credit() throws {
        let poor = try AccountBytes.request(caps: listed, credit: 9_999)
        #expect(policy.decide(poor, in: try situation()) == .leave(.creditTooSmall(needed: 10_000)))
        let enough = try AccountBytes.request(caps: listed, credit: 10_000)
        #expect(policy.decide(enough, in: try situation()) == .lock(listingIndex: 1, profit: 5_000))
        // A provider that asks for no minimum has decided to bear that itself.
        let none = Terms(outputPrice: .lamports(400_000_000), minimumCharge: 0)
        let request = try AccountBytes.request(caps: none, credit: 0)
        guard case .lock = policy.decide(request, in: try situation(terms: none)) else {
            Issue.record("it was left alone")
            return
        }
    }

    @Test("The fees of both transactions and the floor are counted before a lock is worth it")
    func profit() throws {
        let cheap = Terms(outputPrice: .lamports(400_000), minimumCharge: 14_999)
        let request = try AccountBytes.request(caps: listed)
        #expect(
            policy.decide(request, in: try situation(terms: cheap))
                == .leave(.unprofitable(income: 14_999, costs: 15_000))
        )
        let even = Terms(outputPrice: .lamports(400_000), minimumCharge: 15_000)
        #expect(policy.decide(request, in: try situation(terms: even)) == .lock(listingIndex: 1, profit: 0))
        var greedy = policy
        greedy.profitFloor = 1
        #expect(
            greedy.decide(request, in: try situation(terms: even))
                == .leave(.unprofitable(income: 15_000, costs: 15_000))
        )
        // The stake bounds what can be expected.
        let dear = Terms(outputPrice: .lamports(4_000_000_000), minimumCharge: 0)
        let poor = try AccountBytes.request(stake: 14_000, caps: Terms(outputPrice: .maximum))
        #expect(
            policy.decide(poor, in: try situation(terms: dear))
                == .leave(.unprofitable(income: 14_000, costs: 15_000))
        )
    }
}
