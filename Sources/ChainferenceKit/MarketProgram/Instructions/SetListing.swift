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
}
