/// `add_server`: registers a server without listings.
///
/// ```text
/// account                 w: written, s: signs
/// 0 server               w     program address of `["server", owner]` with the highest bump, not yet created
/// 1 owner                w s   pays the rent
/// 2 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] peer_key: X25519 key of the peer channel
///     40  string peer_address: at most 192 bytes, printable ASCII; may be empty
/// ```
public enum AddServer {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 3

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: X25519 key of the peer channel.
        public static let peerKey = 8
        /// string: at most 192 bytes, printable ASCII; may be empty.
        public static let peerAddress = 40
    }

    // MARK: Execution

    @inline(__always)
    static func execute<Machine: Runtime>(_ call: Invocation<Machine>) throws(Refusal) {
        try call.locate(accountCount)
        let account = call.account(0)
        let owner = call.account(1)
        let system = call.account(2)
        let addressLength = try call.trailingPeerAddress(at: Arguments.peerAddress)
        try call.requireCreation(of: account, by: owner, system: system)
        let now = try call.clock().time
        call.text.setWord(0, 0x7265_7672_6573)
        call.seeds[0] = Seed(call.text, count: 6)
        call.seeds[1] = Seed(owner.key, count: 32)
        let length = UInt64(ServerLayout.listings + 8) &+ addressLength
        let bump = try call.createOnly(account, payer: owner, seedCount: 2, space: length)
        let data = account.data
        data.setWord(ServerLayout.discriminator, AccountDiscriminator.server)
        copyKey(from: owner.key, to: data + ServerLayout.owner)
        data.setTime(ServerLayout.heartbeatAt, now)
        data.setTime(ServerLayout.registeredAt, now)
        copyKey(from: call.arguments + Arguments.peerKey, to: data + ServerLayout.peerKey)
        data.setByte(ServerLayout.version, 1)
        data.setByte(ServerLayout.bump, bump)
        data.setU32(ServerLayout.listings, addressLength)
        (data + (ServerLayout.listings + 4)).copyMemory(
            from: call.arguments + (Arguments.peerAddress + 4),
            byteCount: Int(addressLength)
        )
        call.emit(EventDiscriminator.serverAdded, account.key, owner.key)
    }
}
