import MarketProgram
public import Solana

/// Locks an open request for a server, on the terms of one of its listings.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                s     the server's owner
/// 3 market
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 created_slot: the request's, as the server saw it
///     16  u64 stake: the request's, as the server saw it
///     24  u8 listing_index: which of the server's listings
///     25  string peer_address: at most 192 bytes, printable ASCII; empty when the server's own address holds
/// ```
public struct LockRequestInstruction: MarketInstruction {
    /// The wallet that owns the server.
    public var owner: Address

    /// The request.
    public var request: Address

    /// The slot in which the request was created, as the server saw it.
    public var createdSlot: UInt64

    /// The request's stake, as the server saw it.
    public var stake: Lamports

    /// Which of the server's listings.
    public var listingIndex: UInt8

    /// Where the client should connect; empty when the server account's address holds.
    public var peerAddress: String

    /// Adopts the arguments; the program checks them.
    public init(
        owner: Address,
        request: Address,
        createdSlot: UInt64,
        stake: Lamports,
        listingIndex: UInt8,
        peerAddress: String
    ) {
        self.owner = owner
        self.request = request
        self.createdSlot = createdSlot
        self.stake = stake
        self.listingIndex = listingIndex
        self.peerAddress = peerAddress
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        var data = InstructionData(InstructionDiscriminator.lockRequest)
        data.append(createdSlot)
        data.append(stake)
        data.append(listingIndex)
        data.append(string: peerAddress)
        return Instruction(
            program: market.program,
            accounts: [
                .writable(request),
                .writable(market.server(of: owner)),
                .readonlySigner(owner),
                .readonly(market.address),
            ],
            data: data.bytes
        )
    }
}
