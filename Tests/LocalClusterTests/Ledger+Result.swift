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
}
