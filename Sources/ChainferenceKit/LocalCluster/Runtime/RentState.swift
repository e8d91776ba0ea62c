import Solana

/// Where an account stands towards rent, and which changes of that a transaction may make.
enum RentState: Hashable {
    case uninitialized
    case rentPaying(lamports: UInt64, dataCount: Int)
    case rentExempt

    init(_ account: LedgerAccount, rent: Rent) {
        if account.lamports == .zero {
            self = .uninitialized
        } else if account.lamports >= rent.minimumBalance(dataLength: account.data.count) {
            self = .rentExempt
        } else {
            self = .rentPaying(lamports: account.lamports.rawValue, dataCount: account.data.count)
        }
    }

    /// Whether a transaction may leave an account like this that was in `previous` state before it.
    ///
    /// Nothing may newly fall below the minimum, and what is already below may neither grow nor be topped up partly.
    func isAllowed(after previous: RentState) -> Bool {
        switch (previous, self) {
        case (_, .uninitialized), (_, .rentExempt): true
        case (.rentPaying(let before, let count), .rentPaying(let after, let newCount)):
            count == newCount && after <= before
        case (_, .rentPaying): false
        }
    }
}
