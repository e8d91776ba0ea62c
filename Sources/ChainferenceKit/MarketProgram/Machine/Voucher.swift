/// The client's newest voucher, proven by the Ed25519 instruction right before the claim.
///
/// The voucher is 50 bytes: `0x56 0x01`, the request's address, cumulative lamports (u64), expiry (i64): the format of
/// Solana's payment-channel program and of the MPP `session` draft. The expiry must be the lock's time plus 3,600
/// seconds, which ties a voucher to one lock. The Ed25519 program verifies signatures before any program runs; what is
/// left to do here is to make sure that it verified *this* voucher: every index and offset of its instruction is
/// compared, because each one that is not lets an attacker point it at other bytes.
///
/// The claim may itself be called by another program: the instructions sysvar then still speaks of the transaction's own
/// instructions, one of which carries the signature.
enum Voucher {
    private static let magic: UInt64 = 0x0156
    private static let messageLength: UInt64 = 50
    /// Header, key and signature, then the message.
    private static let messageOffset = 112

    /// Whether this is `Sysvar1nstructions1111111111111111111111111`.
    @inline(__always)
    static func isInstructionsSysvar(_ key: UnsafeMutableRawPointer) -> Bool {
        isKey(key, 0x66d1_7b18_17d5_a706, 0xc0c2_fd55_04d4_da35, 0xa575_5621_8fc6_24c1, 0x0000_0008_5fcb_badb)
    }

    /// Whether this is `Ed25519SigVerify111111111111111111111111111`.
    @inline(__always)
    private static func isEd25519Program(_ key: UnsafeMutableRawPointer) -> Bool {
        isKey(key, 0xbefb_937c_d646_7d03, 0xff40_8d83_8f42_f912, 0x648a_f427_4974_7005, 0x0000_0080_4470_cafc)
    }

    /// The lamports of the voucher, after every check of it.
    @inline(__always)
    static func amount(for request: Request, in instructions: Account) throws(Refusal) -> UInt64 {
        let voucher = try signature(in: instructions)
        let signer = voucher + 16
        try require(areEqualKeys(signer, request.data + RequestLayout.voucherSigner), else: .voucherWrongSigner)
        let message = voucher + messageOffset
        try require(message.u16(0) == magic, else: .voucherMalformed)
        try require(areEqualKeys(message + 2, request.account.key), else: .voucherWrongRequest)
        let expiry = request.lockedAt &+ Int64(MarketLimits.lockDuration)
        try require(message.time(42) == expiry, else: .voucherWrongLock)
        return message.word(34)
    }

    /// The data of the instruction before the current one, when it is a verification of one message of a voucher's
    /// length with everything inside itself.
    ///
    /// The sysvar: u16 count, u16 offset of each instruction; an instruction: u16 number of accounts and the accounts,
    /// 32 bytes program, u16 length, data; in the end, u16 index of the current instruction.
    @inline(__always)
    private static func signature(in instructions: Account) throws(Refusal) -> UnsafeMutableRawPointer {
        let sysvar = instructions.data
        let current = sysvar.advanced(by: instructions.dataLength &- 2).u16(0)
        try require(current != 0, else: .voucherMissing)
        let offset = sysvar.advanced(by: current &* 2).u16(0)
        let instruction = sysvar.advanced(by: offset)
        try require(instruction.u16(0) == 0 && isEd25519Program(instruction + 2), else: .voucherMissing)
        try require(instruction.u16(34) == UInt64(messageOffset) &+ messageLength, else: .voucherMalformed)
        let data = instruction + 36
        // One signature, padding 0; signature at 48, here; key at 16, here; message at 112, 50 bytes, here.
        try require(
            data.word(0) == 0x0010_ffff_0030_0001 && data.word(8) == 0xffff_0032_0070_ffff,
            else: .voucherMalformed
        )
        return data
    }
}
