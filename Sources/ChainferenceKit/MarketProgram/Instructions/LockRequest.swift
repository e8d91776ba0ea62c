/// `lock_request`: locks an open request for the signer's server on the terms of one of its listings.
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
public enum LockRequest {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// u64: the request's, as the server saw it.
        public static let createdSlot = 8
        /// u64: the request's, as the server saw it.
        public static let stake = 16
        /// u8: which of the server's listings.
        public static let listingIndex = 24
        /// string: at most 192 bytes, printable ASCII; empty when the server's own address holds.
        public static let peerAddress = 25
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        let account = call.account(0)
        let serverAccount = call.account(1)
        let owner = call.account(2)
        let marketAccount = call.account(3)
        let addressLength = try call.trailingPeerAddress(at: Arguments.peerAddress)
        let request = try Request(account, of: call.program)
        let server = try Server(serverAccount, ownedBy: owner, of: call.program)
        let market = try Market(marketAccount, of: call.program)
        try request.require(.open, else: .requestNotOpen)
        try require(
            call.arguments.word(Arguments.createdSlot) == request.data.word(RequestLayout.createdSlot)
                && call.arguments.word(Arguments.stake) == request.stake,
            else: .requestRecreated
        )
        let index = UInt64(call.arguments.byte(Arguments.listingIndex))
        try require(index < server.listingCount, else: .listingNotFound)
        let listing = server.listing(index)
        try require(listing.raisedSlot < request.data.word(RequestLayout.createdSlot), else: .listingRaised)
        try require(!areEqualKeys(request.requester, server.owner), else: .ownRequest)
        try require(areEqualKeys(request.data + RequestLayout.modelHash, listing.modelHash), else: .modelMismatch)
        let fee = market.feeBasisPoints
        try RequestedTerms(of: request).requireMet(by: server, on: listing, fee: fee)
        // Reading the clock costs as much as a hundred instructions: what needs no time is refused before.
        let now = try call.clock().time
        try require(now <= request.data.time(RequestLayout.expiresAt), else: .requestExpired)
        try require(now > request.lockedAt, else: .lockTooSoon)
        try server.requireFresh(at: now)
        request.lock(for: server, on: listing, fee: fee, at: now)
        request.setPeerAddress(call.arguments + (Arguments.peerAddress + 4), count: addressLength)
        server.count(ServerLayout.openLocks)
        server.beat(at: now)
        call.emit(EventDiscriminator.requestLocked, account.key, serverAccount.key)
    }
}
