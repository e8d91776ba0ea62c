import Foundation
import Solana
import Testing

@Suite("Amounts")
struct AmountTests {
    @Test("arithmetic throws at the limits, or stops there by name")
    func arithmetic() throws {
        let five: Lamports = 5
        #expect(try five.adding(7) == 12)
        #expect(try five.subtracting(5) == .zero)
        #expect(try five.multiplied(by: 3) == 15)
        #expect(throws: AmountError.overflow) { try Lamports.max.adding(1) }
        #expect(throws: AmountError.negative) { try five.subtracting(6) }
        #expect(throws: AmountError.overflow) { try Lamports(1 << 32).multiplied(by: 1 << 32) }
        #expect(Lamports.max.saturatingAdding(1) == .max)
        #expect(five.saturatingSubtracting(6) == .zero)
        #expect(try Lamports.sum([1, 2, 3]) == 6)
        #expect(throws: AmountError.overflow) { try Lamports.sum([.max, 1]) }
        #expect(five < 6)
    }

    @Test(
        "SOL is exact both ways",
        arguments: [
            ("0", 0), ("1", 1_000_000_000), ("0.000000001", 1), ("0.000005", 5_000), ("1.5", 1_500_000_000),
            ("18446744073.709551615", UInt64.max), ("12.34", 12_340_000_000),
        ] as [(String, UInt64)]
    )
    func sol(text: String, lamports: UInt64) throws {
        #expect(try Lamports(sol: text) == Lamports(lamports))
        #expect(Lamports(lamports).sol == text)
    }

    @Test(
        "texts that are no amount are refused",
        arguments: ["", ".", "1.", ".5", "-1", "+1", "1e9", "1,5", "1.2.3", "0.0000000001", " 1", "1 ", "０", "NaN"]
    )
    func refused(text: String) {
        #expect(throws: AmountError.invalidText(text)) { try Lamports(sol: text) }
    }

    @Test(
        "more SOL than there can be is refused",
        arguments: ["18446744073.709551616", "99999999999", "1" + String(repeating: "0", count: 40)]
    )
    func overflow(text: String) {
        #expect(throws: AmountError.overflow) { try Lamports(sol: text) }
    }

    @Test("descriptions name the unit")
    func descriptions() {
        #expect("\(Lamports(1_234))" == "1234 lamports")
        #expect("\(Lamports(1))" == "1 lamport")
        #expect("\(MicroLamports(7))" == "7 micro-lamports per compute unit")
    }

    @Test("JSON is the bare number")
    func codable() throws {
        let json = try JSONEncoder().encode([Lamports.max])
        #expect(String(decoding: json, as: UTF8.self) == "[18446744073709551615]")
        #expect(try JSONDecoder().decode([Lamports].self, from: json) == [.max])
    }

    @Test("the priority fee is price times limit, rounded up")
    func priorityFee() {
        #expect(MicroLamports(0).fee(computeUnitLimit: 1_400_000) == 0)
        #expect(MicroLamports(1).fee(computeUnitLimit: 1) == 1)
        #expect(MicroLamports(1_000_000).fee(computeUnitLimit: 200_000) == 200_000)
        #expect(MicroLamports(1_000_001).fee(computeUnitLimit: 1_000_000) == 1_000_001)
        #expect(MicroLamports(5).fee(computeUnitLimit: 200_001) == 2)
        #expect(MicroLamports(.max).fee(computeUnitLimit: .max) == .max)
    }

    @Test("commitments order from the least to the most settled")
    func commitments() {
        #expect(Commitment.allCases.sorted(by: >) == [.finalized, .confirmed, .processed])
        #expect(Commitment(rawValue: "confirmed") == .confirmed)
    }
}
