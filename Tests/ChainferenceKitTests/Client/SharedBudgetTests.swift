import Solana
import Testing

@testable import ChainferenceKit

@Suite("One budget for all servers of a session")
struct SharedBudgetTests {
    @Test("Whatever is promised and settled in whatever order, what can be claimed never exceeds the total")
    func neverExceeded() {
        var random = SplitMix64(seed: 11)
        for _ in 0..<2_000 {
            let total = Lamports(UInt64.random(in: 0...1_000, using: &random))
            var budget = SharedBudget(total: total)
            let requests = (0..<4).map { _ in Keypair().address }
            // The model: what the chain would let each server claim.
            var claimable: [Address: UInt64] = [:]
            for _ in 0..<40 {
                guard let request = requests.randomElement(using: &random) else { return }
                let amount = UInt64.random(in: 0...700, using: &random)
                if Bool.random(using: &random) {
                    if budget.raise(request, to: Lamports(amount)) {
                        claimable[request] = max(claimable[request] ?? 0, amount)
                    }
                } else if let most = claimable[request] {
                    // A server charges some of what it may, and can charge nothing more then.
                    let charge = UInt64.random(in: 0...most, using: &random)
                    budget.settle(request, charge: Lamports(charge))
                    claimable[request] = charge
                }
                let sum = claimable.values.reduce(0, +)
                #expect(sum <= total.rawValue)
                #expect(budget.remaining.rawValue == total.rawValue - sum)
            }
        }
    }

    @Test("A promise that does not fit changes nothing")
    func refusal() {
        var budget = SharedBudget(total: 100)
        let (first, second) = (Keypair().address, Keypair().address)
        func raised(_ request: Address, to amount: Lamports) -> Bool { budget.raise(request, to: amount) }
        #expect(raised(first, to: 30))
        #expect(raised(first, to: 80))
        #expect(!raised(second, to: 21))
        #expect(budget.remaining == 20)
        #expect(raised(second, to: 20))
        #expect(!raised(first, to: 81))
        #expect(raised(first, to: 50))
        budget.settle(first, charge: 10)
        #expect(budget.remaining == 70)
    }
}
