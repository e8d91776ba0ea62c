/// A `Server` account, checked.
struct Server {
    let account: Account

    @inline(__always)
    init(_ account: Account, of program: UnsafeMutableRawPointer) throws(Refusal) {
        try account.requireType(AccountDiscriminator.server, size: ServerLayout.listings + 8, of: program)
        self.account = account
    }

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

    /// Refuses unless the account signed and owns the server.
    @inline(__always)
    func requireOwner(_ signer: Account) throws(Refusal) {
        try signer.requireSigner()
        try require(equalKeys(owner, signer.key), else: .wrongOwner)
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

    /// The listing at an index that a transaction names.
    @inline(__always)
    func requireListing(_ index: UInt64) throws(Refusal) -> Listing {
        try require(index < listingCount, else: .listingNotFound)
        return listing(index)
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

    /// Makes the account hold exactly its rent for a new length and the fees that it owes: the owner pays what is
    /// missing, and gets what is too much unless its account could not keep it.
    @inline(__always)
    func settleRent<Machine>(length: UInt64, owner: Account, in call: Invocation<Machine>) throws(Refusal) {
        let rent = try call.rent()
        let due = rent.minimumBalance(length) &+ feesOwed
        let lamports = account.lamports
        if lamports < due {
            try owner.requireWritable()
            try requireSuccess(
                call.machine.transfer(due &- lamports, FundedPair(receiver: account.header, payer: owner.header))
            )
        } else if lamports > due, owner.isWritable, rent.allows(owner, toReceive: lamports &- due) {
            account.pay(lamports &- due, to: owner)
        }
    }

    /// Moves everything from `offset` to the end of the data, so that it starts at `destination`, and sets the length
    /// that follows from it.
    @inline(__always)
    func shift(from offset: UInt64, to destination: UInt64) {
        let count = account.dataLength &- offset
        data.advanced(by: destination).copyMemory(
            from: data.advanced(by: offset),
            byteCount: Int(truncatingIfNeeded: count)
        )
        account.dataLength = destination &+ count
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
