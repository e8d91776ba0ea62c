import InferenceMarket
import Solana
import Testing

@Suite("Quotes")
struct QuoteTests {
    let terms = Terms(outputPrice: .lamports(400_000), inputPrice: .lamports(100_000), minimumCharge: 20_000)

    func quote(stake: Lamports, fee: BasisPoints = .zero, terms: Terms? = nil) throws -> Quote {
        try Quote(
            model: "toy/model",
            terms: terms ?? self.terms,
            tolerance: BasisPoints(rawValue: 1_000),
            servers: 2,
            stake: stake,
            expectedUsage: TokenCount(input: 100, output: 500),
            fees: FeeSchedule(),
            rent: 2_000_000,
            platformFee: fee
        )
    }

    @Test("Every lamport is named")
    func lamports() throws {
        let quote = try quote(stake: 200_000)
        #expect(quote.expectedCharge == 20_000)
        #expect(quote.transactionFees == 10_000)
        #expect(quote.worstCost == 210_000)
        #expect(quote.needed == 2_210_000)
        #expect(quote.caps.minimumCharge == 22_000)
    }

    @Test("A stake that can't pay for the minimum at the caps is refused with the amount that can")
    func tooSmall() throws {
        #expect(throws: QuoteError.stakePaysForNothing(stake: 21_999, needed: 22_000)) { try quote(stake: 21_999) }
        #expect(throws: Never.self) { try quote(stake: 22_000) }
        let error = QuoteError.stakePaysForNothing(stake: 1, needed: 22_000)
        #expect("\(error)".contains("Nothing was spent") && "\(error)".contains("22000 lamports"))
    }

    @Test("Break-even is the first length at which the server's share covers its two transactions")
    func breakEven() throws {
        var random = SplitMix64(seed: 2)
        for _ in 0..<500 {
            let terms = Terms(
                outputPrice: .lamports(.random(in: 1...5_000_000, using: &random)),
                inputPrice: .lamports(.random(in: 0...5_000_000, using: &random)),
                minimumCharge: Lamports(.random(in: 0...20_000, using: &random))
            )
            let fee = BasisPoints(rawValue: .random(in: 0...1_000, using: &random))
            let quote = try quote(stake: 1_000_000_000, fee: fee, terms: terms)
            let output = try #require(quote.breakEvenOutput)
            func kept(_ output: UInt64) -> UInt64 {
                let charge = terms.charge(for: TokenCount(input: 100, output: output))
                return charge.rawValue - fee.share(of: charge).rawValue
            }
            // Lock: one signature. Claim: the server's and, in the precompile, the client's.
            #expect(kept(output) >= 15_000)
            if output > 0 { #expect(kept(output - 1) < 15_000) }
        }
        #expect(try quote(stake: 200_000, terms: Terms(outputPrice: .free)).breakEvenOutput == nil)
        #expect(try quote(stake: 200_000).breakEvenOutput == 0)
    }

    @Test("Fees count the precompile's signatures and stop at the limit")
    func fees() {
        let fees = FeeSchedule(priorityFee: 7)
        #expect(fees.publish == 5_007)
        #expect(fees.claimWithVoucher == 10_007)
        #expect(fees.claimWithoutVoucher == 5_007)
        #expect(FeeSchedule(lamportsPerSignature: .max).claimWithVoucher == .max)
    }
}
