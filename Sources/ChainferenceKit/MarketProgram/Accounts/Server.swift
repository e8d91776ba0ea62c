/// A `Server` account, checked.
struct Server {
    let account: Account

    /// A server account that is going to change.
    @inline(__always)
    init(_ account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try requireSuccess(checkServer(account.header, program))
        self.account = account
    }

    /// A server account that is going to change because its owner, who signed, says so.
    @inline(__always)
    init(_ account: Account, ownedBy owner: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try requireSuccess(checkOwnedServer(account.header, owner.header, program))
        self.account = account
    }

    /// A server account that may have been passed read-only.
    @inline(__always)
    init(readable account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try requireSuccess(account.check(AccountDiscriminator.server, size: Server.minimumSize, of: program))
        self.account = account
    }

    /// A server account that was checked before.
    @inline(__always)
    init(checked account: Account) {
        self.account = account
    }

    @inline(__always)
    fileprivate static var minimumSize: Int { ServerLayout.listings + 8 }

    @inline(__always)
    var data: UnsafeMutableRawPointer { account.data }

    @inline(__always)
    var owner: UnsafeMutableRawPointer { data + ServerLayout.owner }

    @inline(__always)
    var feesOwed: UInt64 {
        get { data.word(ServerLayout.feesOwed) }
        nonmutating set { data.setWord(ServerLayout.feesOwed, newValue) }
    }

    @inline(__always)
    var openLocks: UInt64 { data.word(ServerLayout.openLocks) }

    @inline(__always)
    var listingCount: UInt64 {
        get { data.u32(ServerLayout.listingCount) }
        nonmutating set { data.setU32(ServerLayout.listingCount, newValue) }
    }

    /// Adds to a counter.
    ///
    /// No counter can wrap: each step costs a transaction.
    @inline(__always)
    func count(_ offset: Int, _ amount: UInt64 = 1) {
        data.setWord(offset, data.word(offset) &+ amount)
    }

    @inline(__always)
    func releaseLock() {
        data.setWord(ServerLayout.openLocks, openLocks &- 1)
    }

    @inline(__always)
    func beat(at time: Int64) {
        data.setTime(ServerLayout.heartbeatAt, time)
    }

    @inline(__always)
    func requireFresh(at time: Int64) throws(Refusal) {
        let clock = Clock(slot: 0, time: time)
        try require(
            clock.isWithin(MarketLimits.heartbeatLifetime, of: data.time(ServerLayout.heartbeatAt)),
            else: .heartbeatStale
        )
    }

    /// Whether the account is the very one that existed at a time, and not a later one at the same address.
    @inline(__always)
    func existed(at time: Int64) -> Bool {
        data.time(ServerLayout.registeredAt) <= time
    }

    // MARK: Listings

    @inline(__always)
    func listing(_ index: UInt64) -> Listing {
        Listing(bytes: (data + ServerLayout.listings).advanced(by: index &* UInt64(ListingLayout.size)))
    }

    /// The index of the listing with this model hash, or the number of listings.
    @inline(__always)
    func listingIndex(of modelHash: UnsafeMutableRawPointer) -> UInt64 {
        let count = listingCount
        var index: UInt64 = 0
        while index < count {
            if equalKeys(listing(index).modelHash, modelHash) { break }
            index = index &+ 1
        }
        return index
    }

    /// Offset of the peer address, behind the listings.
    @inline(__always)
    var peerAddressOffset: UInt64 {
        UInt64(ServerLayout.listings) &+ listingCount &* UInt64(ListingLayout.size)
    }

    /// Offset of the vector of model ids, behind the peer address.
    @inline(__always)
    var modelIDsOffset: UInt64 {
        let offset = peerAddressOffset
        return offset &+ 4 &+ data.advanced(by: offset).u32(0)
    }

    // MARK: Size

    /// Makes the account hold exactly its rent for a new length and the fees that it owes.
    ///
    /// The owner pays what is missing, and gets what is too much unless its account could not keep it.
    @inline(__always)
    func settleRent<Machine>(length: UInt64, owner: Account, in call: Invocation<Machine>) throws(Refusal) {
        try requireSuccess(settleServerRent(call.machine, account.header, owner.header, length))
    }

    /// Pays the fees that the server owes to the market's treasury; a status, 0 also when there are none.
    @inline(__always)
    func sweepFees<Machine>(_ market: Account, _ treasury: Account, in call: Invocation<Machine>) -> UInt64 {
        sweepServerFees(call.machine, account.header, market.header, treasury.header, call.program)
    }

    /// Moves everything from `offset` to the end of the data, so that it starts at `destination`, and sets the length
    /// that follows from it.
    @inline(__always)
    func shift(from offset: UInt64, to destination: UInt64) {
        shiftData(account.header, offset, destination)
    }
}

// MARK: Functions of their own, because many instructions need them

@inline(never)
private func checkServer(_ header: UnsafeMutableRawPointer, _ program: UnsafeMutableRawPointer) -> UInt64 {
    Account(located: header).checkWritable(AccountDiscriminator.server, size: Server.minimumSize, of: program)
}

@inline(never)
private func shiftData(_ header: UnsafeMutableRawPointer, _ offset: UInt64, _ destination: UInt64) {
    let account = Account(located: header)
    let count = account.dataLength &- offset
    account.data.advanced(by: destination).copyMemory(
        from: account.data.advanced(by: offset),
        byteCount: Int(truncatingIfNeeded: count)
    )
    account.dataLength = destination &+ count
}

@inline(never)
private func checkOwnedServer(
    _ server: UnsafeMutableRawPointer,
    _ signer: UnsafeMutableRawPointer,
    _ program: UnsafeMutableRawPointer
) -> UInt64 {
    let status = checkServer(server, program)
    guard status == 0 else { return status }
    let owner = Account(located: signer)
    guard owner.isSigner else { return UInt64(ErrorCode.accountNotSigner.rawValue) }
    guard areEqualKeys(server + (AccountHeader.data + ServerLayout.owner), owner.key) else {
        return UInt64(ErrorCode.wrongOwner.rawValue)
    }
    return 0
}

@inline(never)
private func sweepServerFees<Machine: Runtime>(
    _ machine: Machine,
    _ header: UnsafeMutableRawPointer,
    _ marketHeader: UnsafeMutableRawPointer,
    _ treasuryHeader: UnsafeMutableRawPointer,
    _ program: UnsafeMutableRawPointer
) -> UInt64 {
    let server = Server(checked: Account(located: header))
    let treasury = Account(located: treasuryHeader)
    do throws(Refusal) {
        let market = try Market(Account(located: marketHeader), of: program)
        try requireEqual(market.treasury, treasury.key, else: .wrongTreasury)
        let fees = server.feesOwed
        guard fees != 0 else { return 0 }
        try treasury.requireWritable()
        let rent = try machine.rent()
        try require(treasury.isSystemOwned && rent.allows(treasury, toReceive: fees), else: .treasuryUnusable)
        server.feesOwed = 0
        server.account.pay(fees, to: treasury)
        let call = Invocation(input: header, arguments: header, machine: machine)
        call.setWordBehindKey(0, fees)
        call.emit(EventDiscriminator.feesCollected, server.account.key, words: 1)
        return 0
    } catch {
        return error.result
    }
}

@inline(never)
private func settleServerRent<Machine: Runtime>(
    _ machine: Machine,
    _ header: UnsafeMutableRawPointer,
    _ payer: UnsafeMutableRawPointer,
    _ length: UInt64
) -> UInt64 {
    let account = Account(located: header)
    let owner = Account(located: payer)
    do throws(Refusal) {
        let rent = try machine.rent()
        let due = rent.minimumBalance(length) &+ account.data.word(ServerLayout.feesOwed)
        let lamports = account.lamports
        if lamports < due {
            // Only `remove_listing` takes an owner that is read-only, and it never lengthens the data.
            try requireSuccess(machine.transfer(due &- lamports, FundedPair(receiver: header, payer: payer)))
        } else if owner.isWritable, rent.allows(owner, toReceive: lamports &- due) {
            account.pay(lamports &- due, to: owner)
        }
        return 0
    } catch {
        return error.result
    }
}

/// One listing of a server.
struct Listing {
    let bytes: UnsafeMutableRawPointer

    @inline(__always)
    var modelHash: UnsafeMutableRawPointer { bytes + ListingLayout.modelHash }

    @inline(__always)
    var outputPrice: UInt64 { bytes.word(ListingLayout.outputPrice) }

    @inline(__always)
    var inputPrice: UInt64 { bytes.word(ListingLayout.inputPrice) }

    @inline(__always)
    var minimumCharge: UInt64 { bytes.word(ListingLayout.minimumCharge) }

    @inline(__always)
    var raisedSlot: UInt64 { bytes.word(ListingLayout.raisedSlot) }
}
