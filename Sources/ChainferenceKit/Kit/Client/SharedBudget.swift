import Solana

/// What all servers that work on one session may charge together, whatever they do.
///
/// A value without clocks or sockets. A server can claim the larger of its newest voucher and the credit of its request;
/// that much counts against the budget from the moment in which the request or the voucher is signed, until the chain
/// says what was really charged. So the sum of all claims can't exceed the budget, however many servers vanish or cheat.
struct SharedBudget: Hashable, Sendable {
    /// The most that all may charge together.
    let total: Lamports

    /// What each request's server may claim at most, or has claimed.
    private var claimable: [Address: Lamports] = [:]

    init(total: Lamports) { self.total = total }

    /// What nobody can claim yet.
    var remaining: Lamports {
        total.saturatingSubtracting(claimable.values.reduce(.zero) { $0.saturatingAdding($1) })
    }

    /// Counts a request's credit; false, and nothing has changed, when that is more than remains.
    mutating func open(_ request: Address, credit: Lamports) -> Bool {
        raise(request, to: credit)
    }

    /// Counts a voucher; false, and nothing has changed, when its rise is more than remains.
    mutating func raise(_ request: Address, to amount: Lamports) -> Bool {
        let before = claimable[request] ?? .zero
        guard amount > before else {
            claimable[request] = before
            return true
        }
        guard amount.saturatingSubtracting(before) <= remaining else { return false }
        claimable[request] = amount
        return true
    }

    /// Replaces what a request's server might have claimed by what it did.
    mutating func settle(_ request: Address, charge: Lamports) {
        guard let before = claimable[request] else { return }
        claimable[request] = min(before, charge)
    }
}
