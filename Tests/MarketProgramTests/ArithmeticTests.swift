import Testing

@testable import MarketProgram

@Suite("Arithmetic")
struct ArithmeticTests {
    @Test("A fee is the product over 10,000, rounded down, also where the product needs 128 bits")
    func fees() {
        var generator = SystemRandomNumberGenerator()
        for _ in 0..<20_000 {
            let bits = UInt64.random(in: 0...63, using: &generator)
            let amount = UInt64.random(in: 0...UInt64.max, using: &generator) >> bits
            let rate = UInt64.random(in: 0...MarketLimits.feeBasisPoints, using: &generator)
            let wide = amount.multipliedFullWidth(by: rate)
            let (quotient, _) = MarketLimits.wholeBasisPoints.dividingFullWidth(wide)
            #expect(Request.fee(on: amount, basisPoints: rate) == quotient)
        }
        #expect(Request.fee(on: .max, basisPoints: 1_000) == UInt64.max / 10)
    }

    @Test(
        "Rent is exact for one and two years, and never too little",
        arguments: [0.0, 0.25, 0.999, 1.0, 1.000_001, 1.5, 2.0, 2.5, 3.0, 4.0, 7.9, 8.0, 100.0]
    )
    func rent(years: Double) {
        let rent = Rent(lamportsPerByteAndYear: 3_480, threshold: years.bitPattern)
        let exact = (128.0 + 165) * 3_480 * years
        #expect(Double(rent.minimumBalance(165)) >= exact)
        #expect(Double(rent.minimumBalance(165)) <= max(2 * exact, 293 * 3_480))
        if years == 1 || years == 2 { #expect(Double(rent.minimumBalance(165)) == exact) }
    }

    @Test("A threshold that is no number of years does not trap", arguments: [Double.nan, .infinity, -1, 1e300, -0.0])
    func oddRent(years: Double) {
        let rent = Rent(lamportsPerByteAndYear: 3_480, threshold: years.bitPattern)
        #expect(rent.lamportsPerByte >= 3_480)
    }

    @Test("Text is printable exactly where each of its bytes is")
    func printable() {
        let region = UnsafeMutableRawPointer.allocate(byteCount: 64, alignment: 8)
        defer { region.deallocate() }
        for count in 0...20 {
            for place in 0..<max(count, 1) {
                for byte in UInt8.min...UInt8.max {
                    // What stands behind the text must not matter.
                    region.initializeMemory(as: UInt8.self, repeating: byte &+ 1, count: 64)
                    let text = region + 3
                    text.initializeMemory(as: UInt8.self, repeating: 0x61, count: count)
                    if place < count { text.storeBytes(of: byte, toByteOffset: place, as: UInt8.self) }
                    let expected = place >= count || (0x21...0x7e).contains(byte)
                    #expect(isPrintable(text, count: UInt64(count)) == expected)
                }
            }
        }
    }

    @Test("A moment is within a duration up to its last second")
    func durations() {
        let clock = Clock(slot: 0, time: 1_000)
        #expect(clock.isWithin(60, of: 940))
        #expect(!clock.isWithin(60, of: 939))
        #expect(clock.isWithin(60, of: 2_000))
        #expect(Clock(slot: 0, time: -5).isWithin(0, of: -5))
    }
}
