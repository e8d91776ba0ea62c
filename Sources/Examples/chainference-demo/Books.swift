import ChainferenceKit
import Foundation
import LocalCluster

/// The ledger before and after, in which every lamport is accounted for.
struct Books: Sendable {
    struct DoNotBalance: Error, CustomStringConvertible {
        let difference: Int64
        var description: String { "The books do not balance: \(difference) lamports are unaccounted for." }
    }

    private(set) var parties: [(name: String, address: Address)] = []

    mutating func add(_ name: String, _ address: Address) { parties.append((name, address)) }

    /// Prints the table and throws unless it balances.
    func show(before: LedgerBalances, after: LedgerBalances, on stage: Stage) throws {
        stage.title("The ledger before and after the question, in lamports")
        stage.row("", "before", "after", "change")
        var known: Set<Address> = []
        var changes: Int64 = 0
        func show(_ name: String, _ old: UInt64, _ new: UInt64) {
            let change = Int64(bitPattern: new &- old)
            changes += change
            stage.row(name, Self.grouped(old), Self.grouped(new), change == 0 ? "" : Self.signed(change))
        }
        for (name, address) in parties {
            known.insert(address)
            show(name, before.accounts[address]?.rawValue ?? 0, after.accounts[address]?.rawValue ?? 0)
        }
        show("transaction fees, paid to the cluster", before.feesCollected.rawValue, after.feesCollected.rawValue)
        let others = { (balances: LedgerBalances) in
            balances.accounts.filter { !known.contains($0.key) }.reduce(UInt64(0)) { $0 + $1.value.rawValue }
        }
        show("everybody else", others(before), others(after))
        stage.row("sum", Self.grouped(before.total.rawValue), Self.grouped(after.total.rawValue), Self.signed(changes))
        guard changes == 0, before.total == after.total else { throw DoNotBalance(difference: changes) }
        stage.blank()
        stage.title("The books balance: not a lamport was lost, none was made.")
    }

    private static func signed(_ value: Int64) -> String {
        value == 0 ? "0" : (value > 0 ? "+" : "−") + grouped(value.magnitude)
    }

    private static func grouped(_ value: UInt64) -> String {
        var text = ""
        for (index, digit) in String(value).reversed().enumerated() {
            if index > 0, index % 3 == 0 { text.append(" ") }
            text.append(digit)
        }
        return String(text.reversed())
    }
}
