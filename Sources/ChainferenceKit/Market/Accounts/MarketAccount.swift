import MarketProgram
public import Solana

/// The market's own account: who governs it and what it takes.
public struct MarketAccount: Hashable, Sendable {
    /// Who may change the market.
    public let authority: Address

    /// Who may take the authority over; nil for nobody.
    public let pendingAuthority: Address?

    /// Where fees go.
    public let treasury: Address

    /// The smallest charge of a response that may be compared.
    public let minimumComparedCharge: Lamports

    /// The market's share of a server's charge.
    public let fee: BasisPoints

    /// Decodes the account's data.
    ///
    /// The account's owner is not in the data: whoever reads it from the chain has to compare it with the program.
    public init(decoding data: [UInt8]) throws(AccountDecodingError) {
        let reader = try AccountReader(
            data,
            type: "Market",
            discriminator: AccountDiscriminator.market,
            version: MarketLayout.version,
            minimum: MarketLayout.size
        )
        guard data.count == MarketLayout.size else { throw .wrongLength(type: "Market", count: data.count) }
        self.authority = reader.address(MarketLayout.authority)
        let pending = reader.address(MarketLayout.pendingAuthority)
        self.pendingAuthority = pending == .zero ? nil : pending
        self.treasury = reader.address(MarketLayout.treasury)
        self.minimumComparedCharge = reader.lamports(MarketLayout.minimumComparedCharge)
        self.fee = try reader.basisPoints(MarketLayout.feeBasisPoints, "fee")
    }
}
