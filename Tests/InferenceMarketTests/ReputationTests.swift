import InferenceMarket
import Testing

@Suite("Reputation")
struct ReputationTests {
    @Test("The Wilson bound agrees with 60-digit decimals")
    func wilson() throws {
        for row in try goldenRows("wilson") {
            let successes = try #require(UInt64(row[0]))
            let trials = try #require(UInt64(row[1]))
            let expected = try #require(Double(row[2]))
            let bound = Reputation(completed: successes, failed: trials - successes).successLowerBound()
            #expect(abs(bound - expected) <= 1e-12, "\(row)")
        }
        #expect(Reputation().successLowerBound() == 0)
    }

    @Test("More evidence of the same ratio gives a higher bound")
    func evidence() {
        let few = Reputation(completed: 9, failed: 1).successLowerBound()
        let many = Reputation(completed: 900, failed: 100).successLowerBound()
        #expect(few < many && many < 0.9)
    }

    @Test("Criteria are the program's: exact integers, empty denominators pass, flags saturate")
    func criteria() {
        let ninety = Criteria(minimumSuccess: BasisPoints(rawValue: 9_000))
        #expect(Reputation(completed: 9, failed: 1).meets(ninety))
        #expect(!Reputation(completed: 899, failed: 101).meets(ninety))
        #expect(Reputation().meets(ninety))
        #expect(!Reputation(completed: 1, flagged: 5).meets(ninety))
        #expect(Reputation(completed: 1, flagged: 5).successes == 0)
        #expect(!Reputation().meets(Criteria(minimumCompleted: 1)))
        #expect(Reputation(compared: 4, preferred: 1).meets(Criteria(minimumPreference: BasisPoints(rawValue: 2_500))))
        #expect(!Reputation(compared: 4, preferred: 1).meets(Criteria(minimumPreference: BasisPoints(rawValue: 2_501))))
        #expect(Reputation(completed: .max, failed: .max).meets(Criteria(minimumSuccess: .zero)))
        #expect(Reputation(completed: .max, failed: .max).trials == .max)
    }
}
