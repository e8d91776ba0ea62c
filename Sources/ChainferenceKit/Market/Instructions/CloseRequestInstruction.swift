import MarketProgram
public import Solana

/// Ends a claimed request: everything that is left goes to the client.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 requester            w (s)
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct CloseRequestInstruction: MarketInstruction {
    /// The request.
    public var request: Address

    /// The client's wallet; need not sign from 24 hours after the claim.
    public var requester: Address

    /// Whether the client signs.
    public var signedByRequester: Bool

    /// Adopts the arguments; the program checks them.
    public init(request: Address, requester: Address, signedByRequester: Bool = true) {
        self.request = request
        self.requester = requester
        self.signedByRequester = signedByRequester
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .writable(request),
                signedByRequester ? .writableSigner(requester) : .writable(requester),
            ],
            data: InstructionData(InstructionDiscriminator.closeRequest).bytes
        )
    }
}
