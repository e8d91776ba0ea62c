/// `claim_payment`: pays the server.
///
/// Without the fifth account at most the credit can be claimed; with it, what the voucher in the Ed25519
/// instruction right before this one says.
///
/// ```text
/// account                 w: written, s: signs
/// 0 request              w
/// 1 server               w
/// 2 owner                w s   is paid
/// 3 requester            w     gets the remainder of the stake
/// 4 instructions               optional: the instructions sysvar; absent, or this program's address, for no voucher
///
/// offset  argument
///      0  u64 discriminator
///      8  u64 amount: lamports, the fee included; may be 0
///     16  end
/// ```
public enum ClaimPayment {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 4

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// u64: lamports, the fee included; may be 0.
        public static let amount = 8
        /// Length of the instruction's data.
        public static let end = 16
    }
}
