import InferenceMarket
import MarketProgram
import Testing

@Suite("Errors of the program")
struct MarketErrorTests {
    @Test("Every code of the program has a name and advice of its own kind", arguments: ErrorCode.allCases)
    func advice(code: ErrorCode) {
        let error = MarketError(code)
        #expect(MarketError(customCode: code.rawValue) == error)
        #expect(error.advice.hasSuffix("."))
        #expect(error.description.contains("(\(code.rawValue))"))
        if code.rawValue >= 6_000 {
            #expect(error.advice != MarketError(.instructionFallbackNotFound).advice, "no advice for \(code)")
        }
    }

    @Test("No two of the market's own codes share their advice")
    func distinct() {
        let own = ErrorCode.allCases.filter { $0.rawValue >= 6_000 }
        #expect(Set(own.map { MarketError($0).advice }).count == own.count)
    }

    @Test("A foreign code is no market error")
    func foreign() {
        #expect(MarketError(customCode: 5_999) == nil)
        #expect(MarketError(customCode: 1) == nil)
    }
}
