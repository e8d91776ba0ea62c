import InferenceMarket
import Solana
import Testing

@testable import ChainferenceKit

@Suite("The client's meter")
struct ClientMeterTests {
    private let terms = Terms(outputPrice: .lamports(1_000_000), inputPrice: .lamports(500_000), minimumCharge: 100)

    private func meter(stake: Lamports = 10_000) -> ClientMeter { ClientMeter(terms: terms, stake: stake) }

    @Test("The first voucher covers the minimum and the input")
    func firstVoucher() throws {
        var small = meter()
        try small.accept(inputTokens: 10, promptBytes: 100)
        #expect(small.nextVoucher() == 100, "the minimum is above 5 lamports of input")
        #expect(small.nextVoucher() == nil, "nothing new is due")

        var large = meter()
        try large.accept(inputTokens: 1_000, promptBytes: 10_000)
        #expect(large.nextVoucher() == 500)
    }

    @Test("Promises rise in buckets of 64 tokens, each before the tokens it covers are used up")
    func buckets() throws {
        var meter = meter()
        try meter.accept(inputTokens: 0, promptBytes: 10)
        _ = meter.nextVoucher()
        var promises: [UInt64] = []
        for _ in 0..<200 {
            try meter.receive(outputTokens: 1, bytes: 4)
            if let promise = meter.nextVoucher() { promises.append(promise.rawValue) }
        }
        // 64 tokens cost 64 lamports, below the minimum of 100; from the 65th token on the bucket shows.
        #expect(promises == [128, 192, 256])
    }

    @Test("A count that the bytes can't hold is refused and promised nothing for")
    func implausibleOutput() throws {
        var meter = meter()
        try meter.accept(inputTokens: 0, promptBytes: 10)
        _ = meter.nextVoucher()
        let before = meter
        // 150 bytes hold 100 tokens and 32 of grace.
        #expect(throws: ClientMeter.Fault.tooManyOutputTokens(reported: 133, plausible: 132)) {
            try meter.receive(outputTokens: 133, bytes: 150)
        }
        #expect(meter == before)
        try meter.receive(outputTokens: 132, bytes: 150)
        #expect(meter.usage.output == 132)
    }

    @Test("The bound is over the whole session, so that small lies don't add up")
    func sessionBound() throws {
        var meter = meter(stake: 1_000_000)
        try meter.accept(inputTokens: 0, promptBytes: 10)
        var refusedAt: Int?
        for step in 0..<1_000 where refusedAt == nil {
            do { try meter.receive(outputTokens: 2, bytes: 2) } catch { refusedAt = step }
        }
        // 2n tokens against n × 4/3 + 32.
        #expect(refusedAt == 48)
    }

    @Test("Input is bounded in the same way")
    func implausibleInput() {
        var meter = meter()
        #expect(throws: ClientMeter.Fault.tooManyInputTokens(reported: 200, plausible: 98)) {
            try meter.accept(inputTokens: 200, promptBytes: 100)
        }
        #expect(meter.promise == 100, "the minimum alone")
    }

    @Test("Nothing is ever promised beyond the stake")
    func stakeIsTheLimit() throws {
        var meter = meter(stake: 150)
        try meter.accept(inputTokens: 0, promptBytes: 10)
        try meter.receive(outputTokens: 1_000, bytes: 4_000)
        #expect(meter.nextVoucher() == 150)
        try meter.receive(outputTokens: 1_000, bytes: 4_000)
        #expect(meter.nextVoucher() == nil)
    }

    @Test("A prompt that costs more than the stake is refused before it is answered")
    func promptAboveStake() {
        var meter = meter(stake: 400)
        #expect(throws: ClientMeter.Fault.promptAboveStake(needed: 500, stake: 400)) {
            try meter.accept(inputTokens: 1_000, promptBytes: 10_000)
        }
    }

    @Test("Extreme counts neither trap nor wrap", arguments: [UInt64.max, UInt64.max - 1, UInt64(1) << 63])
    func extremes(_ count: UInt64) {
        var meter = meter()
        #expect(throws: (any Error).self) { try meter.accept(inputTokens: count, promptBytes: 1) }
        #expect(throws: (any Error).self) { try meter.receive(outputTokens: count, bytes: 1) }
        #expect(ClientMeter.plausibleTokens(bytes: count) >= count / 2)
    }
}
