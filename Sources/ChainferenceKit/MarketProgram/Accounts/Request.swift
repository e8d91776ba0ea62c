/// An `InferenceRequest` account, checked.
struct Request {
    let account: Account

    @inline(__always)
    init(_ account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try requireSuccess(checkRequest(account.header, program))
        self.account = account
    }

    /// A request account that the program has just written.
    @inline(__always)
    init(created account: Account) {
        self.account = account
    }

    @inline(__always)
    fileprivate static var minimumSize: Int { RequestLayout.modelID + 8 }

    @inline(__always)
    var data: UnsafeMutableRawPointer { account.data }

    @inline(__always)
    var requester: UnsafeMutableRawPointer { data + RequestLayout.requester }

    @inline(__always)
    var server: UnsafeMutableRawPointer { data + RequestLayout.server }

    @inline(__always)
    var stake: UInt64 { data.word(RequestLayout.stake) }

    @inline(__always)
    var lockedAt: Int64 { data.time(RequestLayout.lockedAt) }

    @inline(__always)
    var deadline: Int64 { data.time(RequestLayout.deadline) }

    @inline(__always)
    var claimedAt: Int64 { data.time(RequestLayout.claimedAt) }

    @inline(__always)
    var charge: UInt64 { data.word(RequestLayout.charge) }

    @inline(__always)
    var flags: UInt8 {
        get { data.byte(RequestLayout.flags) }
        nonmutating set { data.setByte(RequestLayout.flags, newValue) }
    }

    @inline(__always)
    func has(_ flag: UInt8) -> Bool { flags & flag != 0 }

    @inline(__always)
    func isIn(_ state: RequestState) -> Bool { data.byte(RequestLayout.state) == state.rawValue }

    @inline(__always)
    func enter(_ state: RequestState) { data.setByte(RequestLayout.state, state.rawValue) }

    @inline(__always)
    func require(_ state: RequestState, else code: ErrorCode) throws(Refusal) {
        guard isIn(state) else { throw Refusal(code) }
    }

    /// Refuses unless this is the client's wallet.
    @inline(__always)
    func requireRequester(_ account: Account) throws(Refusal) {
        try requireEqual(requester, account.key, else: .wrongRequester)
    }

    /// Refuses unless this is the server that has the request.
    @inline(__always)
    func requireServer(_ account: Account) throws(Refusal) {
        try requireEqual(server, account.key, else: .wrongServer)
    }

    /// Locks the request for a server on the terms of a listing, after every check that both ways to a lock share.
    @inline(__always)
    func lock(for server: Server, on listing: Listing, fee: UInt64, at now: Int64) throws(Refusal) {
        try requireSuccess(lockRequest(account.header, server.account.header, listing.bytes, fee, now))
    }

    /// Whether a server's record is good enough for the client.
    ///
    /// The ratios are compared without dividing. Counters stay far below 2^49, because each step costs a transaction,
    /// so that the products fit.
    @inline(__always)
    fileprivate func meetsCriteria(_ server: Server) -> Bool {
        let completed = server.data.word(ServerLayout.completed)
        let flagged = server.data.word(ServerLayout.flagged)
        let good = completed > flagged ? completed &- flagged : 0
        let all = completed &+ server.data.word(ServerLayout.failed)
        let whole = MarketLimits.wholeBasisPoints
        return completed >= data.word(RequestLayout.minimumCompleted)
            && good &* whole >= all &* data.u16(RequestLayout.minimumSuccess)
            && server.data.word(ServerLayout.preferred) &* whole
                >= server.data.word(ServerLayout.compared) &* data.u16(RequestLayout.minimumPreference)
    }

    // MARK: Peer address

    /// The peer address of the lock: a Borsh string with room for the longest.
    @inline(__always)
    private var peerAddress: UnsafeMutableRawPointer {
        let text = data + RequestLayout.modelID
        return text.advanced(by: text.u32(0)) + 4
    }

    /// Writes the address.
    ///
    /// The room is zero: at creation, and again after every release.
    @inline(__always)
    func setPeerAddress(_ address: UnsafeMutableRawPointer, count: UInt64) {
        let text = peerAddress
        text.setU32(0, count)
        (text + 4).copyMemory(from: address, byteCount: Int(truncatingIfNeeded: count))
    }

    /// Forgets the lock but for its time, so that the next one cannot be in the same second.
    @inline(__always)
    func reopen() {
        let text = peerAddress
        (text + 4).initializeMemory(as: UInt8.self, repeating: 0, count: Int(truncatingIfNeeded: text.u32(0)))
        text.setU32(0, 0)
        clearKey(server)
        data.setWord(RequestLayout.outputPrice, 0)
        data.setWord(RequestLayout.inputPrice, 0)
        data.setWord(RequestLayout.minimumCharge, 0)
        data.setWord(RequestLayout.deadline, 0)
        data.setU16(RequestLayout.feeBasisPoints, 0)
        flags = 0
        enter(.open)
    }

    /// The market's part of a charge, rounded down, without the product that might not fit.
    @inline(__always)
    static func fee(on amount: UInt64, basisPoints: UInt64) -> UInt64 {
        let whole = MarketLimits.wholeBasisPoints
        let quotient = amount / whole
        return quotient &* basisPoints &+ (amount &- quotient &* whole) &* basisPoints / whole
    }
}

@inline(never)
private func checkRequest(_ header: UnsafeMutableRawPointer, _ program: UnsafeMutableRawPointer) -> UInt64 {
    Account(located: header).checkWritable(
        AccountDiscriminator.inferenceRequest,
        size: Request.minimumSize,
        of: program
    )
}

@inline(never)
private func lockRequest(
    _ requestHeader: UnsafeMutableRawPointer,
    _ serverHeader: UnsafeMutableRawPointer,
    _ listingBytes: UnsafeMutableRawPointer,
    _ fee: UInt64,
    _ now: Int64
) -> UInt64 {
    let request = Request(created: Account(located: requestHeader))
    let server = Server(checked: Account(located: serverHeader))
    let listing = Listing(bytes: listingBytes)
    let data = request.data
    guard !areEqualKeys(request.requester, server.owner) else { return UInt64(ErrorCode.ownRequest.rawValue) }
    guard areEqualKeys(data + RequestLayout.modelHash, listing.modelHash) else {
        return UInt64(ErrorCode.modelMismatch.rawValue)
    }
    let outputPrice = listing.outputPrice
    let inputPrice = listing.inputPrice
    let minimumCharge = listing.minimumCharge
    guard outputPrice <= data.word(RequestLayout.maximumOutputPrice),
        inputPrice <= data.word(RequestLayout.maximumInputPrice),
        minimumCharge <= data.word(RequestLayout.maximumMinimumCharge)
    else { return UInt64(ErrorCode.priceAboveCap.rawValue) }
    guard minimumCharge <= request.stake else { return UInt64(ErrorCode.stakeBelowMinimumCharge.rawValue) }
    guard fee <= data.u16(RequestLayout.maximumFeeBasisPoints) else { return UInt64(ErrorCode.feeAboveCap.rawValue) }
    guard request.meetsCriteria(server) else { return UInt64(ErrorCode.criteriaNotMet.rawValue) }
    copyKey(from: server.account.key, to: request.server)
    data.setWord(RequestLayout.outputPrice, outputPrice)
    data.setWord(RequestLayout.inputPrice, inputPrice)
    data.setWord(RequestLayout.minimumCharge, minimumCharge)
    data.setU16(RequestLayout.feeBasisPoints, fee)
    data.setTime(RequestLayout.lockedAt, now)
    data.setTime(RequestLayout.deadline, now &+ Int64(MarketLimits.lockDuration))
    request.enter(.locked)
    return 0
}
