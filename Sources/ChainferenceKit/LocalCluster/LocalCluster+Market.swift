import InferenceMarket
public import Solana

extension LocalCluster {
    /// Creates the market's account by a transaction of the program's upgrade authority, as its deployer does elsewhere.
    ///
    /// The authority, whose key is public knowledge here, is given what it needs by the faucet; it is the market's
    /// authority and treasury from then on. The market takes no fee.
    ///
    /// - Returns: The transaction's signature.
    /// - Throws: What keeps the transactions from succeeding; a market that exists already is such a thing.
    @discardableResult
    public func initializeMarket() throws -> Signature {
        let authority = Market.localnetAuthority()
        try airdrop(.lamports(Lamports.perSOL), to: authority.address)
        let initialize = InitializeMarketInstruction(
            upgradeAuthority: authority.address,
            authority: authority.address,
            treasury: authority.address,
            minimumComparedCharge: .lamports(1_000),
            fee: .zero
        )
        let market = Market(program: configuration.ledger.market.program)
        var transaction = try Transaction(
            feePayer: authority.address,
            instructions: [initialize.instruction(in: market)],
            recentBlockhash: latestBlockhash()
        )
        try transaction.sign(by: [authority])
        let record = try submit(transaction)
        if let error = record.error { throw error }
        return record.signature
    }
}
