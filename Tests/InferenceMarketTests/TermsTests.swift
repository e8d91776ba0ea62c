import InferenceMarket
import Solana
import Testing

@Suite("Prices and charges")
struct TermsTests {
    @Test("800 charges and affordable lengths agree with unbounded integers")
    func golden() throws {
        for row in try goldenRows("charges") {
            let numbers = row.map { UInt64($0) }
            let terms = Terms(
                outputPrice: .lamports(try #require(numbers[3])),
                inputPrice: .lamports(try #require(numbers[2])),
                minimumCharge: Lamports(try #require(numbers[4]))
            )
            let input = try #require(numbers[0])
            let usage = TokenCount(input: input, output: try #require(numbers[1]))
            #expect(terms.charge(for: usage).rawValue == numbers[5], "\(row)")
            let affordable = terms.affordableOutput(within: Lamports(try #require(numbers[6])), inputTokens: input)
            switch row[7] {
            case "-": #expect(affordable == nil, "\(row)")
            case "*": #expect(affordable == .max, "\(row)")
            default: #expect(affordable == numbers[7], "\(row)")
            }
        }
    }

    @Test("What is affordable is affordable, and one token more is not")
    func affordableIsTight() {
        var random = SplitMix64(seed: 1)
        for _ in 0..<2_000 {
            let terms = Terms(
                outputPrice: .lamports(.random(in: 1...(1 << 32), using: &random)),
                inputPrice: .lamports(.random(in: 0...(1 << 32), using: &random)),
                minimumCharge: Lamports(.random(in: 0...20_000, using: &random))
            )
            let input = UInt64.random(in: 0...5_000, using: &random)
            let budget = Lamports(.random(in: 0...1_000_000, using: &random))
            guard let output = terms.affordableOutput(within: budget, inputTokens: input) else {
                #expect(terms.charge(for: TokenCount(input: input, output: 0)) > budget)
                continue
            }
            #expect(terms.charge(for: TokenCount(input: input, output: output)) <= budget)
            #expect(terms.charge(for: TokenCount(input: input, output: output + 1)) > budget)
        }
    }

    @Test("Caps are the quote and the tolerance, rounded up, within the program's limits")
    func raising() {
        let terms = Terms(outputPrice: .lamports(400_000), inputPrice: .lamports(3), minimumCharge: 10)
        let caps = terms.raised(by: BasisPoints(rawValue: 1_000))
        #expect(caps == Terms(outputPrice: .lamports(440_000), inputPrice: .lamports(4), minimumCharge: 11))
        #expect(terms.isWithin(caps))
        #expect(!caps.isWithin(terms))
        #expect(terms.raised(by: .zero) == terms)
        let highest = Terms(outputPrice: .maximum, inputPrice: .maximum, minimumCharge: .max)
        #expect(highest.raised(by: .whole) == highest)
        #expect(Terms(outputPrice: .free).raised(by: .whole) == Terms(outputPrice: .free))
    }

    @Test("A share rounds down and never overflows")
    func shares() {
        #expect(BasisPoints(rawValue: 250).share(of: 39) == 0)
        #expect(BasisPoints(rawValue: 250).share(of: 40) == 1)
        #expect(BasisPoints.whole.share(of: .max) == .max)
        #expect(BasisPoints(rawValue: .max).share(of: .max) == .max)
        #expect("\(BasisPoints(rawValue: 1_005))" == "10.05 %")
    }

    @Test("Counts stop at their maximum")
    func usage() {
        var usage = TokenCount(input: .max, output: 1)
        usage.add(TokenCount(input: 1, output: 2))
        #expect(usage == TokenCount(input: .max, output: 3))
    }
}
