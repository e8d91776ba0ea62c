/// How large a prompt looks on the wire.
enum PromptPadding {
    /// The size of every record of a shaped prompt.
    static let recordSize = 4_096
    /// How much of a prompt message one such record carries.
    static let bodySize = recordSize - RecordLayout.overhead

    /// Padmé (Nikitin et al., PETS 2019): rounds up so that only O(log log n) bits of a length show, at most 12 % more.
    static func padme(_ length: Int) -> Int {
        guard length > 1 else { return length }
        let exponent = Int.bitWidth - 1 - length.leadingZeroBitCount
        let significant = Int.bitWidth - exponent.leadingZeroBitCount
        let mask = (1 << (exponent - significant)) - 1
        return exponent >= significant ? (length + mask) & ~mask : length
    }

    /// How many records a prompt message of `count` bytes takes, those that only pad included.
    static func recordCount(messageBytes count: Int) -> Int {
        let padded = padme(max(count, recordSize))
        return max((padded + bodySize - 1) / bodySize, (count + bodySize - 1) / bodySize)
    }
}
