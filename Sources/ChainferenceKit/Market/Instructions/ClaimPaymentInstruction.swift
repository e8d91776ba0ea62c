import MarketProgram
public import Solana

/// Pays the server, out of its client's stake.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                w s   is paid
/// 3 requester            w     gets the remainder of the stake
/// 4 instructions               optional: the instructions sysvar; absent, or this program's address, for no voucher
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 amount: lamports, the fee included; may be 0
///     16  end
/// ```
public struct ClaimPaymentInstruction: MarketInstruction {
    /// The wallet that owns the server and is paid.
    public var owner: Address

    /// The request.
    public var request: Address

    /// The client's wallet, which gets the remainder of the stake.
    public var requester: Address

    /// What is charged, the market's fee included.
    public var amount: Lamports

    /// Whether a voucher's Ed25519 instruction stands right before this one; else at most the credit can be claimed.
    public var presentsVoucher: Bool

    /// Adopts the arguments; the program checks them.
    public init(owner: Address, request: Address, requester: Address, amount: Lamports, presentsVoucher: Bool) {
        self.owner = owner
        self.request = request
        self.requester = requester
        self.amount = amount
        self.presentsVoucher = presentsVoucher
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        var data = InstructionData(InstructionDiscriminator.claimPayment)
        data.append(amount)
        var accounts: [AccountMeta] = [
            .writable(request),
            .writable(market.server(of: owner)),
            .writableSigner(owner),
            .writable(requester),
        ]
        if presentsVoucher { accounts.append(.readonly(Sysvar.instructions)) }
        return Instruction(program: market.program, accounts: accounts, data: data.bytes)
    }
}

extension ClaimPaymentInstruction {
    /// The two instructions of a claim with a voucher, which must stand next to each other in this order.
    ///
    /// - Parameters:
    ///   - voucher: The newest voucher.
    ///   - signer: The request's voucher signer.
    ///   - owner: The wallet that owns the server.
    ///   - requester: The client's wallet.
    ///   - amount: What is charged; at most the voucher's amount. Nil charges all of it.
    ///   - market: The deployment.
    /// - Returns: The Ed25519 instruction and the claim.
    public static func claiming(
        _ voucher: Voucher,
        signedBy signer: Address,
        owner: Address,
        requester: Address,
        amount: Lamports? = nil,
        in market: Market
    ) -> [Instruction] {
        let claim = ClaimPaymentInstruction(
            owner: owner,
            request: voucher.message.request,
            requester: requester,
            amount: amount ?? voucher.cumulative,
            presentsVoucher: true
        )
        let proof = Ed25519Program.verify(signature: voucher.signature, by: signer, message: voucher.message.bytes)
        return [proof, claim.instruction(in: market)]
    }
}
