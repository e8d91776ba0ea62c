import Borsh
public import Solana

/// The lowest prices per compute unit that landed in the recent slots, by account.
struct PrioritizationFees: Sendable {
    /// How many slots are remembered, as on a validator.
    private static let slotLimit: UInt64 = 150

    fileprivate struct SlotPrices: Sendable {
        var minimum: MicroLamports?
        var byAccount: [Address: MicroLamports] = [:]

        /// In place: a busy slot has thousands of accounts, which no transaction should copy.
        mutating func note(_ price: MicroLamports, writing accounts: some Sequence<Address>) {
            minimum = min(minimum ?? price, price)
            for account in accounts { byAccount[account] = min(byAccount[account] ?? price, price) }
        }
    }

    private var slots: [UInt64: SlotPrices] = [:]

    /// Notes what a transaction paid for the accounts that it locked for writing.
    mutating func note(_ price: MicroLamports, writing accounts: some Sequence<Address>, inSlot slot: UInt64) {
        slots[slot, default: SlotPrices()].note(price, writing: accounts)
    }

    /// Forgets what is too old for `slot`.
    mutating func beginSlot(_ slot: UInt64) {
        if slot > Self.slotLimit { slots[slot - Self.slotLimit - 1] = nil }
    }

    /// The price to beat in each finished slot for a transaction that locks `accounts`, oldest first.
    func recent(locking accounts: [Address], before slot: UInt64) -> [(slot: UInt64, price: MicroLamports)] {
        let first = slot > Self.slotLimit ? slot - Self.slotLimit : 0
        return (first..<slot).map { slot in
            guard let prices = slots[slot], let minimum = prices.minimum else { return (slot, 0) }
            return (slot, accounts.compactMap { prices.byAccount[$0] }.reduce(minimum) { max($0, $1) })
        }
    }
}

extension Ledger {
    /// The lowest price per compute unit in each recent slot, among transactions that locked the same accounts.
    ///
    /// - Parameter accounts: The accounts that a transaction is going to write to.
    /// - Returns: A price for each finished slot, oldest first; zero where anything landed.
    public func recentPrioritizationFees(locking accounts: [Address]) -> [(slot: UInt64, price: MicroLamports)] {
        prioritizationFees.recent(locking: accounts, before: slot)
    }
}

extension PrioritizationFees: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(slots)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        slots = try reader.read()
    }
}

extension PrioritizationFees.SlotPrices: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(minimum?.rawValue, byAccount.mapValues(\.rawValue))
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let (minimum, byAccount): (UInt64?, [Address: UInt64]) = try reader.read()
        self.init(minimum: minimum.map { MicroLamports($0) }, byAccount: byAccount.mapValues { MicroLamports($0) })
    }
}
