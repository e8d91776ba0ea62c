/// `request_inference`: creates a request and stakes the most that it may cost.
///
/// *Open* (mode 0): any server that meets the criteria may lock it. *Direct* (mode 1): the named server has it locked at
/// once, on its listed terms; accounts 3 and 4 are needed then and ignored otherwise.
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
public enum RequestInference {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3
    /// How many it needs in direct mode.
    public static let directAccountCount: UInt64 = 5

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: a fresh Ed25519 key, never used for another request.
        public static let voucherSigner = 8
        /// [u8; 32]: X25519 key of the peer channel.
        public static let clientKey = 40
        /// u64: lamports.
        public static let stake = 72
        /// u64: cap.
        public static let maximumOutputPrice = 80
        /// u64: cap.
        public static let maximumInputPrice = 88
        /// u64: cap.
        public static let maximumMinimumCharge = 96
        /// u64: what may be claimed without a voucher, at most the stake.
        public static let credit = 104
        /// u64: seconds until the request expires, 1 to 604,800.
        public static let lifetime = 112
        /// u64: criterion.
        public static let minimumCompleted = 120
        /// u16: cap.
        public static let maximumFeeBasisPoints = 128
        /// u16: criterion, basis points.
        public static let minimumSuccess = 130
        /// u16: criterion, basis points.
        public static let minimumPreference = 132
        /// u8: of the request's address.
        public static let bump = 134
        /// u8: 0 open, 1 direct.
        public static let mode = 135
        /// u8: direct mode: index of the listing; else ignored.
        public static let listingIndex = 136
        /// string: 1 to 128 bytes, printable ASCII without spaces.
        public static let modelID = 137
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        let idLength = try call.trailingModelID(at: Arguments.modelID)
        let arguments = call.arguments
        let mode = arguments.byte(Arguments.mode)
        try require(mode <= 1, else: .modeUnknown)
        try call.locate(mode == 0 ? accountCount : directAccountCount)
        let account = call.account(0)
        let requester = call.account(1)
        let system = call.account(2)
        try call.requireCreation(of: account, by: requester, system: system)
        let stake = arguments.word(Arguments.stake)
        let credit = arguments.word(Arguments.credit)
        let lifetime = arguments.word(Arguments.lifetime)
        try require(stake != 0, else: .stakeOutOfRange)
        try require(credit <= stake, else: .creditAboveStake)
        try require(lifetime &- 1 < MarketLimits.requestLifetime, else: .lifetimeOutOfRange)
        try require(
            arguments.u16(Arguments.maximumFeeBasisPoints) <= MarketLimits.wholeBasisPoints
                && arguments.u16(Arguments.minimumSuccess) <= MarketLimits.wholeBasisPoints
                && arguments.u16(Arguments.minimumPreference) <= MarketLimits.wholeBasisPoints,
            else: .criteriaOutOfRange
        )
        let id = arguments + (Arguments.modelID + 4)
        if mode != 0 { try checkNamed(by: requester, in: call) }
        let clock = try call.clock()
        if mode != 0 { try Server(checked: call.account(3)).requireFresh(at: clock.time) }
        try call.hash(id, count: idLength)
        if mode != 0 { try requireEqual(call.digest, named(in: call).modelHash, else: .modelMismatch) }
        try fund(account, stake: stake, idLength: idLength, payer: requester, in: call)

        let data = account.data
        data.setWord(RequestLayout.discriminator, AccountDiscriminator.inferenceRequest)
        copyKey(from: requester.key, to: data + RequestLayout.requester)
        copyKey(from: call.digest, to: data + RequestLayout.modelHash)
        // Voucher signer, client key, stake and caps stand in the arguments as they stand in the account.
        (data + RequestLayout.voucherSigner).copyMemory(
            from: arguments + Arguments.voucherSigner,
            byteCount: Arguments.credit - Arguments.voucherSigner
        )
        data.setWord(RequestLayout.credit, credit)
        data.setWord(RequestLayout.createdSlot, clock.slot)
        data.setTime(RequestLayout.createdAt, clock.time)
        data.setTime(RequestLayout.expiresAt, clock.time &+ Int64(bitPattern: lifetime))
        // Minimum of completed responses, fee cap, both ratios.
        (data + RequestLayout.minimumCompleted).copyMemory(
            from: arguments + Arguments.minimumCompleted,
            byteCount: Arguments.bump - Arguments.minimumCompleted
        )
        data.setByte(RequestLayout.bump, arguments.byte(Arguments.bump))
        data.setByte(RequestLayout.version, 1)
        data.setU32(RequestLayout.modelID, idLength)
        (data + (RequestLayout.modelID + 4)).copyMemory(from: id, byteCount: Int(idLength))
        if mode != 0 {
            lock(Request(created: account), at: clock.time, in: call)
        }
        call.setWordBehindKeys(0, stake)
        call.emit(EventDiscriminator.requestOpened, account.key, data + RequestLayout.server, words: 1)
    }

    /// Creates the account with rent and stake in it.
    ///
    /// Lamports that are there already are counted; what is too much returns to the client in the end.
    @inline(__always)
    private static func fund<Machine: Runtime>(
        _ account: Account,
        stake: UInt64,
        idLength: UInt64,
        payer: Account,
        in call: Invocation<Machine>
    ) throws(Refusal) {
        let space = UInt64(RequestLayout.size(modelIDLength: 0)) &+ idLength
        call.text.setWord(0, 0x0074_7365_7571_6572)
        let seeds = call.seeds
        seeds[0] = Seed(call.text, count: 7)
        seeds[1] = Seed(payer.key, count: 32)
        seeds[2] = Seed(call.arguments + Arguments.voucherSigner, count: 32)
        seeds[3] = Seed(call.arguments + Arguments.bump, count: 1)
        try call.requireAddress(account, seedCount: 4)
        try call.create(account, payer: payer, seedCount: 4, space: space, lamports: stake)
    }

    /// The direct mode: refuses a server that cannot be named, before anything dear is done.
    @inline(__always)
    private static func checkNamed<Machine: Runtime>(
        by requester: Account,
        in call: Invocation<Machine>
    ) throws(Refusal) {
        let server = try Server(readable: call.account(3), of: call.program)
        let market = try Market(call.account(4), of: call.program)
        try require(UInt64(call.arguments.byte(Arguments.listingIndex)) < server.listingCount, else: .listingNotFound)
        try require(!equalKeys(requester.key, server.owner), else: .ownRequest)
        try RequestedTerms(arguments: call.arguments)
            .requireMet(by: server, on: named(in: call), fee: market.feeBasisPoints)
    }

    /// The direct mode: the listing that is named.
    @inline(__always)
    private static func named<Machine: Runtime>(in call: Invocation<Machine>) -> Listing {
        Server(checked: call.account(3)).listing(UInt64(call.arguments.byte(Arguments.listingIndex)))
    }

    /// The direct mode: the named server has the request at once.
    ///
    /// The server does not sign, so nothing of it changes.
    @inline(__always)
    private static func lock<Machine: Runtime>(
        _ request: Request,
        at now: Int64,
        in call: Invocation<Machine>
    ) {
        request.flags = RequestFlags.direct
        let fee = call.account(4).data.u16(MarketLayout.feeBasisPoints)
        request.lock(for: Server(checked: call.account(3)), on: named(in: call), fee: fee, at: now)
    }
}
