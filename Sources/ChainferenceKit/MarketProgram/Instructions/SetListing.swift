/// `set_listing`: adds a listing, or changes the prices of the one with this model id.
///
/// A new listing and one with a price that rises are stamped with the slot.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s   pays the rent of a new listing
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 output_price: lamports per million output tokens, 1 to 2^32
///     16  u64 input_price: lamports per million input tokens, 0 to 2^32
///     24  u64 minimum_charge: lamports per session, 0 to 2^32
///     32  string model_id: 1 to 128 bytes, printable ASCII without spaces
/// ```
public enum SetListing {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// u64: lamports per million output tokens, 1 to 2^32.
        public static let outputPrice = 8
        /// u64: lamports per million input tokens, 0 to 2^32.
        public static let inputPrice = 16
        /// u64: lamports per session, 0 to 2^32.
        public static let minimumCharge = 24
        /// string: 1 to 128 bytes, printable ASCII without spaces.
        public static let modelID = 32
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        let account = call.account(0)
        let owner = call.account(1)
        let system = call.account(2)
        let idLength = try call.trailingModelID(at: Arguments.modelID)
        let server = try Server(account, ownedBy: owner, of: call.program)
        try owner.requireWritable()
        try system.requireSystemProgram()
        let outputPrice = call.arguments.word(Arguments.outputPrice)
        let inputPrice = call.arguments.word(Arguments.inputPrice)
        let minimumCharge = call.arguments.word(Arguments.minimumCharge)
        try require(
            outputPrice &- 1 < MarketLimits.price && inputPrice <= MarketLimits.price
                && minimumCharge <= MarketLimits.price,
            else: .priceOutOfRange
        )
        let id = call.arguments + (Arguments.modelID + 4)
        try call.hash(id, count: idLength)
        let clock = try call.clock()
        let index = server.listingIndex(of: call.digest)
        if index == server.listingCount {
            try append(id, idLength, to: server, owner: owner, in: call)
        }
        let listing = server.listing(index)
        // The prices of a new listing are 0, so that it counts as raised.
        if outputPrice > listing.outputPrice || inputPrice > listing.inputPrice
            || minimumCharge > listing.minimumCharge
        {
            listing.bytes.setWord(ListingLayout.raisedSlot, clock.slot)
        }
        listing.bytes.setWord(ListingLayout.outputPrice, outputPrice)
        listing.bytes.setWord(ListingLayout.inputPrice, inputPrice)
        listing.bytes.setWord(ListingLayout.minimumCharge, minimumCharge)
        server.beat(at: clock.time)
        call.setWordBehindKeys(0, outputPrice)
        call.setWordBehindKeys(1, inputPrice)
        call.setWordBehindKeys(2, minimumCharge)
        call.emit(EventDiscriminator.listingSet, account.key, listing.modelHash, words: 3)
    }

    /// Makes room for one more listing and writes its hash and id.
    @inline(__always)
    private static func append<Machine: Runtime>(
        _ id: UnsafeMutableRawPointer,
        _ idLength: UInt64,
        to server: Server,
        owner: Account,
        in call: Invocation<Machine>
    ) throws(Refusal) {
        let count = server.listingCount
        try require(count < MarketLimits.listings, else: .tooManyListings)
        let grown = UInt64(ListingLayout.size) &+ 4 &+ idLength
        try server.settleRent(length: server.account.dataLength &+ grown, owner: owner, in: call)
        let offset = server.peerAddressOffset
        server.shift(from: offset, to: offset &+ UInt64(ListingLayout.size))
        let listing = server.data.advanced(by: offset)
        copyKey(from: call.digest, to: listing + ListingLayout.modelHash)
        clearKey(listing + ListingLayout.outputPrice)
        server.listingCount = count &+ 1
        server.data.advanced(by: server.modelIDsOffset).setU32(0, count &+ 1)
        let end = server.account.dataLength
        let text = server.data.advanced(by: end)
        text.setU32(0, idLength)
        (text + 4).copyMemory(from: id, byteCount: Int(idLength))
        server.account.dataLength = end &+ 4 &+ idLength
    }
}
