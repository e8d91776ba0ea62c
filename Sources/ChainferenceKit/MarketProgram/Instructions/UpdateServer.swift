/// `update_server`: changes the peer key and the peer address; rent is topped up by, or goes back to, the
/// owner.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w
/// 1 owner                w s
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] peer_key
///     40  string peer_address: as in `add_server`
/// ```
public enum UpdateServer {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data: those of ``AddServer``.
    public typealias Arguments = AddServer.Arguments

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        let account = call.account(0)
        let owner = call.account(1)
        let system = call.account(2)
        let addressLength = try call.trailingPeerAddress(at: Arguments.peerAddress)
        let server = try Server(account, ownedBy: owner, of: call.program)
        try owner.requireWritable()
        try system.requireSystemProgram()
        let address = call.arguments + (Arguments.peerAddress + 4)
        let now = try call.clock().time
        let offset = server.peerAddressOffset
        let modelIDs = server.modelIDsOffset
        let moved = offset &+ 4 &+ addressLength
        try server.settleRent(length: moved &+ (account.dataLength &- modelIDs), owner: owner, in: call)
        server.shift(from: modelIDs, to: moved)
        let text = server.data.advanced(by: offset)
        text.setU32(0, addressLength)
        (text + 4).copyMemory(from: address, byteCount: Int(addressLength))
        copyKey(from: call.arguments + Arguments.peerKey, to: server.data + ServerLayout.peerKey)
        server.beat(at: now)
        call.emit(EventDiscriminator.serverUpdated, account.key)
    }
}
