public import Solana

extension LocalCluster {
    /// Initialises the market by a transaction of the program's upgrade authority, unless that has been done.
    ///
    /// Genesis does so by itself; this is for clusters whose `ledger.market.isInitialized` is false.
    ///
    /// - Returns: The transaction's signature, or nil if the market exists.
    /// - Throws: What keeps the transaction from succeeding.
    @discardableResult
    public func initializeMarket() throws -> Signature? {
        let transaction: Transaction? = try withState { state in
            guard state.ledger.account(state.ledger.parameters.market.market) == nil else { return nil }
            return try state.ledger.marketInitialization()
        }
        guard let transaction else { return nil }
        let record = try submit(transaction)
        if let error = record.error { throw error }
        return record.signature
    }
}
