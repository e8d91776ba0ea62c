import MarketProgram
public import Solana

/// Says which of two claimed responses was better.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market
/// 1 preferred request    w
/// 2 other request        w
/// 3 preferred server     w
/// 4 other server         w
/// 5 preferred requester  s
/// 6 other requester      s
///
/// offset  argument
///      0  u64 discriminator
///      8  end
/// ```
public struct CompareResponsesInstruction: MarketInstruction {
    /// A claimed response.
    public struct Response: Hashable, Sendable {
        /// The request.
        public var request: Address

        /// The account of the server that answered.
        public var server: Address

        /// The client's wallet, which signs.
        public var requester: Address

        /// Adopts the three accounts.
        public init(request: Address, server: Address, requester: Address) {
            self.request = request
            self.server = server
            self.requester = requester
        }
    }

    /// The better one.
    public var preferred: Response

    /// The other one.
    public var other: Response

    /// Adopts the arguments; the program checks them.
    public init(preferred: Response, other: Response) {
        self.preferred = preferred
        self.other = other
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        Instruction(
            program: market.program,
            accounts: [
                .readonly(market.address),
                .writable(preferred.request),
                .writable(other.request),
                .writable(preferred.server),
                .writable(other.server),
                .readonlySigner(preferred.requester),
                .readonlySigner(other.requester),
            ],
            data: InstructionData(InstructionDiscriminator.compareResponses).bytes
        )
    }
}
