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
}
