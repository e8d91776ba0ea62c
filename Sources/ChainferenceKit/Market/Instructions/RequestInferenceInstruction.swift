import MarketProgram
public import SodiumCrypto
public import Solana

/// Publishes a request and stakes the most that it may cost.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w     program address of `["request", requester, voucher signer]` with the given bump, not yet created
/// 1 requester            w s   pays stake and rent
/// 2 system program
/// 3 server                     direct mode: the server
/// 4 market                     direct mode
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] voucher_signer: a fresh Ed25519 key, never used for another request
///     40  [u8; 32] client_key: X25519 key of the peer channel
///     72  u64 stake: lamports
///     80  u64 maximum_output_price: cap
///     88  u64 maximum_input_price: cap
///     96  u64 maximum_minimum_charge: cap
///    104  u64 credit: what may be claimed without a voucher, at most the stake
///    112  u64 lifetime: seconds until the request expires, 1 to 604,800
///    120  u64 minimum_completed: criterion
///    128  u16 maximum_fee_basis_points: cap
///    130  u16 minimum_success: criterion, basis points
///    132  u16 minimum_preference: criterion, basis points
///    134  u8 bump: of the request's address
///    135  u8 mode: 0 open, 1 direct
///    136  u8 listing_index: direct mode: index of the listing; else ignored
///    137  string model_id: 1 to 128 bytes, printable ASCII without spaces
/// ```
public struct RequestInferenceInstruction: MarketInstruction {
    /// Who may lock a request.
    public enum Mode: Hashable, Sendable {
        /// Any server that meets the criteria.
        case open
        /// The named server, which has it locked at once on its listed terms.
        case direct(owner: Address, listingIndex: UInt8)
    }

    /// The client's wallet, which pays stake and rent.
    public var requester: Address

    /// The key that will sign vouchers: fresh and random, never used for another request.
    public var voucherSigner: Address

    /// The client's X25519 key of the peer channel, fresh too.
    public var clientKey: X25519.PublicKey

    /// The model.
    public var model: ModelID

    /// The most that the server may charge.
    public var stake: Lamports

    /// The highest acceptable terms.
    public var caps: Terms

    /// What the server may claim without any voucher, at most the stake.
    public var credit: Lamports

    /// Seconds until the request can't be locked any more: 1 to 604,800.
    public var lifetime: UInt64

    /// The highest acceptable fee of the market.
    public var maximumFee: BasisPoints

    /// What a server's record must show.
    public var criteria: Criteria

    /// Who may lock.
    public var mode: Mode

    /// Adopts the arguments; the program checks them.
    public init(
        requester: Address,
        voucherSigner: Address,
        clientKey: X25519.PublicKey,
        model: ModelID,
        stake: Lamports,
        caps: Terms,
        credit: Lamports,
        lifetime: UInt64,
        maximumFee: BasisPoints,
        criteria: Criteria,
        mode: Mode = .open
    ) {
        self.requester = requester
        self.voucherSigner = voucherSigner
        self.clientKey = clientKey
        self.model = model
        self.stake = stake
        self.caps = caps
        self.credit = credit
        self.lifetime = lifetime
        self.maximumFee = maximumFee
        self.criteria = criteria
        self.mode = mode
    }

    /// The instruction as a transaction carries it.
    public func instruction(in market: Market) -> Instruction {
        let request = market.request(of: requester, voucherSigner: voucherSigner)
        var accounts: [AccountMeta] = [
            .writable(request.address),
            .writableSigner(requester),
            .readonly(SystemProgram.id),
        ]
        if case .direct(let owner, _) = mode {
            accounts += [.readonly(market.server(of: owner)), .readonly(market.address)]
        }
        return Instruction(program: market.program, accounts: accounts, data: data(bump: request.bump))
    }

    private func data(bump: UInt8) -> [UInt8] {
        var data = InstructionData(InstructionDiscriminator.requestInference)
        data.append(voucherSigner)
        data.append(clientKey)
        data.append(stake)
        data.append(caps.outputPrice)
        data.append(caps.inputPrice)
        data.append(caps.minimumCharge)
        data.append(credit)
        data.append(lifetime)
        data.append(criteria.minimumCompleted)
        data.append(maximumFee.rawValue)
        data.append(criteria.minimumSuccess.rawValue)
        data.append(criteria.minimumPreference.rawValue)
        data.append(bump)
        switch mode {
        case .open:
            data.append(UInt8(0))
            data.append(UInt8(0))
        case .direct(_, let listingIndex):
            data.append(UInt8(1))
            data.append(listingIndex)
        }
        data.append(string: model.name)
        return data.bytes
    }
}
