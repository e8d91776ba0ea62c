/// Whether `count` bytes are all printable ASCII without spaces (0x21 to 0x7e), eight at a time.
///
/// Reads up to seven bytes past the end: a string in the arguments is always followed by the 32 bytes of the program's
/// address. Model ids and peer addresses are ASCII by nature, and every check of full UTF-8 would cost ten times this.
@inline(__always)
func isPrintable(_ text: UnsafeMutableRawPointer, count: UInt64) -> Bool {
    var offset: UInt64 = 0
    while offset < count {
        var bytes = text.advanced(by: offset).word(0)
        let left = count &- offset
        if left < 8 {
            // Bytes beyond the end become 0x21.
            let mask = (UInt64(1) << (left &* 8)) &- 1
            bytes = (bytes & mask) | (0x2121_2121_2121_2121 & ~mask)
        }
        let high: UInt64 = 0x8080_8080_8080_8080
        guard bytes & high == 0,
            (bytes &+ 0x5f5f_5f5f_5f5f_5f5f) & high == high,
            (bytes &+ 0x0101_0101_0101_0101) & high == 0
        else { return false }
        offset = offset &+ 8
    }
    return true
}

@inline(__always)
func isModelID(_ text: UnsafeMutableRawPointer, count: UInt64) -> Bool {
    count &- 1 < UInt64(MarketLimits.modelIDLength) && isPrintable(text, count: count)
}

@inline(__always)
func isPeerAddress(_ text: UnsafeMutableRawPointer, count: UInt64) -> Bool {
    count <= UInt64(MarketLimits.peerAddressLength) && isPrintable(text, count: count)
}
