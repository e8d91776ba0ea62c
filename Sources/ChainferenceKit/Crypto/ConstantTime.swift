import CSodium

/// Comparisons and wiping that leak nothing through time.
public enum ConstantTime {
    /// Whether two byte sequences are equal, in a time that depends on their lengths alone.
    public static func areEqual(_ lhs: UnsafeRawBufferPointer, _ rhs: UnsafeRawBufferPointer) -> Bool {
        guard lhs.count == rhs.count else { return false }
        guard let left = lhs.baseAddress, let right = rhs.baseAddress else { return true }
        return sodium_memcmp(left, right, lhs.count) == 0
    }

    /// Whether two byte arrays are equal, in a time that depends on their lengths alone.
    public static func areEqual(_ lhs: [UInt8], _ rhs: [UInt8]) -> Bool {
        lhs.withUnsafeBytes { left in rhs.withUnsafeBytes { right in areEqual(left, right) } }
    }

    /// Whether all bytes are zero, in a time that depends on the length alone.
    public static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress else { return true }
        return sodium_is_zero(base.assumingMemoryBound(to: UInt8.self), bytes.count) == 1
    }

    /// Overwrites the bytes with zeros in a way that the optimiser may not remove.
    public static func wipe(_ bytes: UnsafeMutableRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        sodium_memzero(base, bytes.count)
    }
}
