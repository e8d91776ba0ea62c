/// An `InferenceRequest` account, checked.
struct Request {
    let account: Account

    @inline(__always)
    init(_ account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try requireSuccess(checkRequest(account.header, program))
        self.account = account
    }

    /// A request account, and its client, who must have signed, be writable, or both.
    @inline(__always)
    init(
        _ account: Account,
        of program: UnsafeMutableRawPointer,
        requestedBy requester: Account,
        who needs: Privileges
    ) throws(Refusal) {
        try requireSuccess(checkRequested(account.header, requester.header, program, needs.rawValue))
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

    /// Locks the request for a server on the terms of a listing, after every check.
    @inline(__always)
    func lock(for server: Server, on listing: Listing, fee: UInt64, at now: Int64) {
        lockRequest(account.header, server.account.header, listing.bytes, fee, now)
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
private func checkRequested(
    _ header: UnsafeMutableRawPointer,
    _ requesterHeader: UnsafeMutableRawPointer,
    _ program: UnsafeMutableRawPointer,
    _ needs: UInt64
) -> UInt64 {
    let status = checkRequest(header, program)
    guard status == 0 else { return status }
    let requester = Account(located: requesterHeader)
    let lacks = needs & ~requester.header.u16(AccountHeader.isSigner)
    guard lacks == 0 else {
        let code = lacks & Privileges.signs.rawValue != 0 ? ErrorCode.accountNotSigner : .constraintMut
        return UInt64(code.rawValue)
    }
    let expected = Request(created: Account(located: header)).requester
    return compareKeys(expected, requester.key, UInt64(ErrorCode.wrongRequester.rawValue))
}

@inline(never)
private func lockRequest(
    _ requestHeader: UnsafeMutableRawPointer,
    _ serverHeader: UnsafeMutableRawPointer,
    _ listingBytes: UnsafeMutableRawPointer,
    _ fee: UInt64,
    _ now: Int64
) {
    let request = Request(created: Account(located: requestHeader))
    let listing = Listing(bytes: listingBytes)
    let data = request.data
    copyKey(from: Account(located: serverHeader).key, to: request.server)
    data.setWord(RequestLayout.outputPrice, listing.outputPrice)
    data.setWord(RequestLayout.inputPrice, listing.inputPrice)
    data.setWord(RequestLayout.minimumCharge, listing.minimumCharge)
    data.setU16(RequestLayout.feeBasisPoints, fee)
    data.setTime(RequestLayout.lockedAt, now)
    data.setTime(RequestLayout.deadline, now &+ Int64(MarketLimits.lockDuration))
    request.enter(.locked)
}
