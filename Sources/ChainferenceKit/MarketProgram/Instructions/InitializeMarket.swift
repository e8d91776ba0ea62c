/// `initialize_market`: creates the market.
///
/// Only the upgrade authority of the program may do so.
///
/// ```text
/// account                 w: written, s: signs
/// 0 market               w     program address of `["market"]`, not yet created
/// 1 authority            w s   upgrade authority of the program; pays the rent
/// 2 treasury             w     system-owned, rent-exempt
/// 3 program                    this program
/// 4 program data               its ProgramData account under the upgradeable loader
/// 5 system program
///
/// offset  argument
///      0  u64 discriminator
///      8  [u8; 32] authority: who may change the market
///     40  u64 minimum_compared_charge: smallest charge that may be compared
///     48  u16 fee_basis_points: at most 1,000
///     50  end
/// ```
public enum InitializeMarket {
    /// How many accounts the instruction needs.
    public static let accountCount: UInt64 = 6

    /// Byte offsets of the arguments in the instruction's data.
    public enum Arguments {
        /// [u8; 32]: who may change the market.
        public static let authority = 8
        /// u64: smallest charge that may be compared.
        public static let minimumComparedCharge = 40
        /// u16: at most 1,000.
        public static let feeBasisPoints = 48
        /// Length of the instruction's data.
        public static let end = 50
    }
}
