/// The variable-length counts of Solana's wire format: seven bits a byte, at most three bytes, shortest form only.
enum CompactU16 {
    /// Appends `value`.
    static func append(_ value: UInt16, to bytes: inout [UInt8]) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }
}
