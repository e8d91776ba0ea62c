import Solana

@testable import LocalCluster

extension Ledger {
    /// What ``process(_:)`` returns or throws, as a value.
    mutating func result(of transaction: Transaction) -> Result<TransactionRecord, TransactionError> {
        do throws(TransactionError) {
            return .success(try process(transaction))
        } catch {
            return .failure(error)
        }
    }

    /// Makes another slot the current one, as if all before it had been empty.
    mutating func jump(toSlot slot: UInt64, unixTimestamp: Int64, blockhash: Blockhash) {
        self.slot = slot - 1
        confirmedSlot = slot - 1
        finalizedSlot = slot - 1
        _ = beginSlot(unixTimestamp: unixTimestamp, holdsConfirmations: true)
        blockhashes.register(blockhash, height: slot)
    }
}
