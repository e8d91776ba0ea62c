/// The cluster's price of keeping bytes, read for every use because it can change.
struct Rent {
    let lamportsPerByte: UInt64

    /// Every account is charged for this many bytes beyond its data.
    @inline(__always)
    static var accountOverhead: UInt64 { 128 }

    /// Reads the exemption threshold, in years, from the bits of a double.
    ///
    /// It was 2.0 for a long time and is 1.0 since SIMD-0194. The VM has no floating point, so any other value is rounded
    /// up to whole years: an account then holds a little more than it must, and gives it back when it is closed.
    @inline(__always)
    init(lamportsPerByteAndYear rate: UInt64, threshold: UInt64) {
        switch threshold {
        case 0x4000_0000_0000_0000:
            lamportsPerByte = rate &+ rate
        case 0x3ff0_0000_0000_0000:
            lamportsPerByte = rate
        default:
            let exponent = threshold >> 52
            let mantissa = (threshold & 0x000f_ffff_ffff_ffff) | 0x0010_0000_0000_0000
            let years = exponent < 1_023 ? 1 : exponent < 1_055 ? (mantissa >> (1_075 &- exponent)) &+ 1 : 1 << 32
            lamportsPerByte = rate &* years
        }
    }

    /// Lamports that an account with this much data must hold.
    @inline(__always)
    func minimumBalance(_ dataLength: UInt64) -> UInt64 {
        (Rent.accountOverhead &+ dataLength) &* lamportsPerByte
    }

    /// Whether an account would be left in peace by the runtime after receiving `amount`.
    @inline(__always)
    func allows(_ account: Account, toReceive amount: UInt64) -> Bool {
        account.lamports &+ amount >= minimumBalance(account.dataLength)
    }
}
