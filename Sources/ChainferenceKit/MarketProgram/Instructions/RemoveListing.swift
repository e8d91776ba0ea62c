/// `remove_listing`: removes a listing; its rent goes back to the owner.
///
/// The listings behind it move up by one.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] model_hash: SHA-256 of the model id
///     40  end
/// ```
public enum RemoveListing {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 2

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: SHA-256 of the model id.
        public static let modelHash = 8
        /// Length of the instruction's data.
        public static let end = 40
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        try call.requireArguments(end: Arguments.end)
        let account = call.account(0)
        let owner = call.account(1)
        let server = try Server(account, ownedBy: owner, of: call.program)
        let modelHash = call.arguments + Arguments.modelHash
        let count = server.listingCount
        let index = server.listingIndex(of: modelHash)
        try require(index < count, else: .listingNotFound)
        call.emit(EventDiscriminator.listingRemoved, account.key, modelHash)
        // The id first, because it stands behind the listings.
        let ids = server.modelIDsOffset
        server.data.advanced(by: ids).setU32(0, count &- 1)
        var id = ids &+ 4
        var before: UInt64 = 0
        while before < index {
            id = id &+ 4 &+ server.data.advanced(by: id).u32(0)
            before = before &+ 1
        }
        server.shift(from: id &+ 4 &+ server.data.advanced(by: id).u32(0), to: id)
        let listing = UInt64(ServerLayout.listings) &+ index &* UInt64(ListingLayout.size)
        server.shift(from: listing &+ UInt64(ListingLayout.size), to: listing)
        server.listingCount = count &- 1
        try server.settleRent(length: account.dataLength, owner: owner, in: call)
    }
}
