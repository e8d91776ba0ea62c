/// The cluster's price of keeping bytes, read for every use because it can change.
struct Rent {
    let lamportsPerByte: UInt64

    /// Every account is charged for this many bytes beyond its data.
    @inline(__always)
    static var accountOverhead: UInt64 { 128 }

    /// Reads the exemption threshold, in years, from the bits of a double.
    ///
    /// It was 2.0 for a long time and is 1.0 since SIMD-0194. The VM has no floating point, so anything that is not a
    /// power of two is rounded up to the next one (and anything below 1 to 1): an account then holds a little more than
    /// it must, and gives it back when it is closed.
    @inline(__always)
    init(lamportsPerByteAndYear rate: UInt64, threshold: UInt64) {
        let exponent = threshold >> 52
        let isPower = threshold << 12 == 0
        let doublings = exponent &- (isPower ? 1_023 : 1_022)
        lamportsPerByte = doublings > 32 ? rate : rate << doublings
    }

    @inline(__always)
    init(lamportsPerByte: UInt64) {
        self.lamportsPerByte = lamportsPerByte
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
