import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("When and how locks are settled")
struct ClaimPolicyTests {
    let policy = ClaimPolicy(idleSeconds: 600, maximumDelay: 60)
    let now = UnixTime(rawValue: 10_000)

    func situation(_ change: (inout ClaimPolicy.Situation) -> Void = { _ in }) -> ClaimPolicy.Situation {
        var situation = ClaimPolicy.Situation(
            lockedAt: UnixTime(rawValue: 9_990),
            deadline: UnixTime(rawValue: 9_990 + 3_600),
            isClosing: false,
            isConnected: false,
            isAnswering: false,
            lastActivity: nil,
            closedAt: nil,
            jitter: 0.5,
            isDraining: false
        )
        change(&situation)
        return situation
    }

    func settlesAt(_ change: (inout ClaimPolicy.Situation) -> Void = { _ in }) -> Int64 {
        policy.settlementTime(situation(change), now: now).rawValue
    }

    @Test("At once when the client begins to close, even in the middle of an answer")
    func closing() {
        #expect(settlesAt { $0.isClosing = true } == 10_000)
        #expect(
            settlesAt {
                $0.isClosing = true
                $0.isAnswering = true
                $0.isConnected = true
            } == 10_000
        )
    }

    @Test("An answer that runs is settled five minutes before the deadline at the latest")
    func answering() {
        #expect(
            settlesAt {
                $0.isAnswering = true
                $0.isConnected = true
            } == 9_990 + 3_300
        )
        // A shutdown waits for it.
        #expect(
            settlesAt {
                $0.isAnswering = true
                $0.isDraining = true
            } == 9_990 + 3_300
        )
    }

    @Test("After a good end, put off by the drawn part of the delay")
    func closed() {
        #expect(settlesAt { $0.closedAt = UnixTime(rawValue: 9_995) } == 9_995 + 30)
        #expect(
            settlesAt {
                $0.closedAt = UnixTime(rawValue: 9_995)
                $0.jitter = 7
            } == 9_995 + 60
        )
        // Another session of the same lock is open.
        #expect(
            settlesAt {
                $0.closedAt = UnixTime(rawValue: 9_995)
                $0.isConnected = true
                $0.lastActivity = UnixTime(rawValue: 9_999)
            } == 9_999 + 600
        )
        #expect(
            settlesAt {
                $0.closedAt = UnixTime(rawValue: 9_995)
                $0.deadline = UnixTime(rawValue: 9_995 + 310)
            } == 9_995 + 10
        )
    }

    @Test("A client that is away or never came is waited for as long as the idle limit")
    func idle() {
        #expect(settlesAt() == 9_990 + 600)
        #expect(settlesAt { $0.lastActivity = UnixTime(rawValue: 9_999) } == 9_999 + 600)
        #expect(settlesAt { $0.deadline = UnixTime(rawValue: 10_100) } == 9_800)
    }

    @Test("A shutdown settles everything that is not being answered")
    func draining() {
        #expect(settlesAt { $0.isDraining = true } == 10_000)
        // A connected client is given a moment for its last voucher.
        #expect(
            settlesAt {
                $0.isDraining = true
                $0.isConnected = true
                $0.lastActivity = UnixTime(rawValue: 9_998)
            } == 9_998 + 5
        )
    }

    @Test("A client that does not connect within 15 seconds gives its slot back, not its lock")
    func slots() {
        func occupies(_ now: Int64, _ change: (inout ClaimPolicy.Situation) -> Void = { _ in }) -> Bool {
            policy.occupiesSlot(situation(change), now: UnixTime(rawValue: now))
        }
        #expect(occupies(9_990 + 15))
        #expect(!occupies(9_990 + 16))
        #expect(occupies(99_999) { $0.isConnected = true })
        #expect(occupies(10_014) { $0.lastActivity = UnixTime(rawValue: 9_999) })
        #expect(!occupies(10_015) { $0.lastActivity = UnixTime(rawValue: 9_999) })
        #expect(!occupies(9_996) { $0.closedAt = UnixTime(rawValue: 9_995) })
    }

    @Test("The voucher first, then the credit; a failure gives the request back or the stake home")
    func settlements() {
        let key = Keypair()
        let message = VoucherMessage(request: .zero, cumulative: 9, expiresAt: UnixTime(rawValue: 1))
        let voucher = Voucher(signing: message, with: key)
        func settlement(_ voucher: Voucher?, _ ending: ClaimPolicy.Ending, after seconds: Int64)
            -> ClaimPolicy.Settlement
        {
            policy.settlement(
                voucher: voucher,
                dueWithinCredit: 7,
                ending: ending,
                secondsSinceLock: seconds,
                graceSeconds: 60
            )
        }
        #expect(settlement(voucher, .served, after: 10) == .claim(voucher, amount: 9))
        #expect(settlement(voucher, .abandoned, after: 10) == .claim(voucher, amount: 9))
        #expect(settlement(voucher, .failedToServe, after: 10) == .release)
        #expect(settlement(voucher, .failedToServe, after: 60) == .claimCredit(0))
        #expect(settlement(nil, .abandoned, after: 10) == .release)
        #expect(settlement(nil, .abandoned, after: 60) == .claimCredit(0))
        #expect(settlement(nil, .served, after: 10) == .claimCredit(7))
        #expect(settlement(nil, .failedToServe, after: 10) == .release)
        #expect(settlement(nil, .failedToServe, after: 60) == .claimCredit(0))
        let nothing = Voucher(
            signing: VoucherMessage(request: .zero, cumulative: 0, expiresAt: UnixTime(rawValue: 1)),
            with: key
        )
        #expect(settlement(nothing, .served, after: 10) == .claimCredit(7))
    }

    @Test(
        "A claim that would cost more than it brings is made without the voucher or not at all, unless there was an answer"
    )
    func worthwhile() {
        let key = Keypair()
        func settlement(
            _ amount: Lamports?,
            credit: Lamports,
            isDirect: Bool,
            hasDelivered: Bool
        ) -> ClaimPolicy.Settlement {
            policy.settlement(
                voucher: amount.map {
                    Voucher(
                        signing: VoucherMessage(request: .zero, cumulative: $0, expiresAt: UnixTime(rawValue: 1)),
                        with: key
                    )
                },
                dueWithinCredit: credit,
                ending: .served,
                isDirect: isDirect,
                hasDelivered: hasDelivered,
                secondsSinceLock: 10,
                graceSeconds: 60
            )
        }
        func amount(_ settlement: ClaimPolicy.Settlement) -> Lamports? {
            if case .claim(_, let amount) = settlement { amount } else { nil }
        }
        // The voucher's signature costs 5,000 more.
        #expect(settlement(1, credit: 20_000, isDirect: true, hasDelivered: false) == .claimCredit(20_000))
        #expect(settlement(25_000, credit: 20_000, isDirect: false, hasDelivered: false) == .claimCredit(20_000))
        #expect(amount(settlement(25_001, credit: 20_000, isDirect: false, hasDelivered: false)) == 25_001)
        #expect(settlement(5_000, credit: 5_000, isDirect: true, hasDelivered: false) == .leave)
        #expect(settlement(nil, credit: 5_000, isDirect: true, hasDelivered: false) == .leave)
        #expect(settlement(nil, credit: 5_001, isDirect: true, hasDelivered: false) == .claimCredit(5_001))
        // An open request has to be settled whatever it brings, or it counts as a failure.
        #expect(settlement(1, credit: 0, isDirect: false, hasDelivered: false) == .claimCredit(0))
        // What was begun on the credit is earned, also after a crash; what was not is given back.
        for (hasDelivered, expected) in [(true, ClaimPolicy.Settlement.claimCredit(20_000)), (false, .release)] {
            let settlement = policy.settlement(
                voucher: nil,
                dueWithinCredit: 20_000,
                ending: .abandoned,
                hasDelivered: hasDelivered,
                secondsSinceLock: 10,
                graceSeconds: 60
            )
            #expect(settlement == expected)
        }
        // An answer that was vouched for counts; never less is claimed than the credit gives.
        #expect(amount(settlement(1, credit: 0, isDirect: true, hasDelivered: true)) == 1)
        #expect(amount(settlement(1, credit: 7, isDirect: true, hasDelivered: true)) == 7)
    }
}
