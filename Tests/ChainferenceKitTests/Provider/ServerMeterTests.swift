import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("Server meter")
struct ServerMeterTests {
    let terms = Terms(outputPrice: .lamports(1_000_000), inputPrice: .lamports(1_000_000), minimumCharge: 10)

    func meter(stake: Lamports = 1_000, credit: Lamports = 0, window: UInt64 = 100) -> ServerMeter {
        ServerMeter(terms: terms, stake: stake, credit: credit, window: window)
    }

    @Test("Without credit nothing is generated before the minimum and the input are vouched for")
    func beginning() {
        var meter = meter()
        #expect(meter.permission == .awaitVoucher(atLeast: 10))
        #expect(meter.neededToBegin(inputTokens: 5) == 10)
        #expect(meter.neededToBegin(inputTokens: 50) == 50)
        meter.begin(inputTokens: 50)
        #expect(meter.permission == .awaitVoucher(atLeast: 50))
        meter.count(voucher: 49)
        #expect(meter.permission == .awaitVoucher(atLeast: 50))
        meter.count(voucher: 50)
        #expect(meter.permission == .generate(tokens: 100))
    }

    @Test("A client that stops vouching gets the window and not a token more")
    func window() {
        var meter = meter()
        meter.begin(inputTokens: 50)
        meter.count(voucher: 50)
        var delivered: UInt64 = 0
        while case .generate = meter.permission {
            meter.deliver(outputTokens: 1)
            delivered += 1
        }
        #expect(delivered == 100)
        #expect(meter.permission == .awaitVoucher(atLeast: 51))
        meter.count(voucher: 51)
        #expect(meter.permission == .generate(tokens: 1))
        #expect(meter.claimable == 51)
        #expect(meter.due == 150)
    }

    @Test("The stake ends it, whatever is vouched")
    func stake() {
        var meter = meter(stake: 60)
        #expect(meter.canAfford(inputTokens: 59))
        #expect(!meter.canAfford(inputTokens: 60))
        meter.begin(inputTokens: 50)
        meter.count(voucher: 60)
        #expect(meter.permission == .generate(tokens: 10))
        meter.deliver(outputTokens: 10)
        #expect(meter.permission == .stakeUsedUp)
        #expect(meter.due == 60)
        meter.deliver(outputTokens: 1_000)
        #expect(meter.due == 60)
    }

    @Test("Vouchers rise, and not above the stake")
    func vouchers() throws {
        var meter = meter(stake: 100)
        try meter.check(voucher: 100)
        meter.count(voucher: 40)
        #expect(throws: ServerMeter.VoucherFault.doesNotRise) { try meter.check(voucher: 40) }
        #expect(throws: ServerMeter.VoucherFault.doesNotRise) { try meter.check(voucher: 0) }
        #expect(throws: ServerMeter.VoucherFault.aboveStake) { try meter.check(voucher: 101) }
        meter.count(voucher: 30)
        #expect(meter.vouched == 40)
    }

    @Test("Without a voucher the claim is what is due within the credit")
    func credit() {
        #expect(meter(credit: 20).claimable == 10)
        #expect(meter(credit: 7).claimable == 7)
        var used = meter(credit: 20)
        used.begin(inputTokens: 500)
        #expect(used.claimable == 20)
        // A voucher below the credit takes nothing away.
        used.count(voucher: 15)
        #expect(used.claimable == 20)
        used.count(voucher: 21)
        #expect(used.claimable == 21)
    }

    @Test("Within the credit the first tokens wait for no voucher, and no more than the window is at risk")
    func beginsOnCredit() {
        var meter = meter(credit: 30, window: 100)
        #expect(meter.secured >= meter.neededToBegin(inputTokens: 30))
        #expect(meter.secured < meter.neededToBegin(inputTokens: 31))
        meter.begin(inputTokens: 20)
        // 20 are the input's, 10 tokens are covered, and the window comes on top.
        #expect(meter.permission == .generate(tokens: 110))
        meter.deliver(outputTokens: 110)
        #expect(meter.permission == .awaitVoucher(atLeast: 31))
        #expect(meter.claimable == 30 && meter.due == 130)
        meter.count(voucher: 31)
        #expect(meter.permission == .generate(tokens: 1))
    }

    @Test("Whatever the terms, the exposure is never above the window, and honest bucketed vouchers never deadlock")
    func exposure() {
        var random = SplitMix64(seed: 4)
        for _ in 0..<400 {
            let terms = Terms(
                outputPrice: .lamports(.random(in: 1...50_000_000, using: &random)),
                inputPrice: .lamports(.random(in: 0...50_000_000, using: &random)),
                minimumCharge: Lamports(.random(in: 0...30_000, using: &random))
            )
            let window = UInt64.random(in: 1...2_000, using: &random)
            let input = UInt64.random(in: 1...1_000, using: &random)
            let stake = terms.charge(for: TokenCount(input: input, output: .random(in: 1...3_000, using: &random)))
            var meter = ServerMeter(terms: terms, stake: stake, credit: 0, window: window)
            meter.begin(inputTokens: input)
            var steps = 0
            loop: while steps < 10_000 {
                steps += 1
                switch meter.permission {
                case .generate(let tokens):
                    #expect(tokens >= 1)
                    meter.deliver(outputTokens: .random(in: 1...max(min(tokens, 40), tokens / 4), using: &random))
                    let covered = terms.affordableOutput(within: meter.vouched, inputTokens: input) ?? 0
                    #expect(meter.usage.output <= covered.addingReportingOverflow(window).partialValue)
                case .awaitVoucher(let amount):
                    // What an honest client promises: its count rounded up to a bucket of 64, within the stake.
                    let bucketed = (meter.usage.output + 63) / 64 * 64
                    let promise = min(stake, terms.charge(for: TokenCount(input: input, output: bucketed)))
                    #expect(promise >= amount, "an honest client can never satisfy the server")
                    #expect(promise > meter.vouched)
                    guard promise > meter.vouched else { break loop }
                    meter.count(voucher: promise)
                case .stakeUsedUp:
                    break loop
                }
            }
            #expect(meter.permission == .stakeUsedUp)
            #expect(meter.due <= stake)
        }
    }
}
