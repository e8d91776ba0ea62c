import SodiumCrypto

/// The address of an account: an Ed25519 public key, or a hash that no key belongs to.
///
/// Holds its 32 bytes inline; base58 is only made or read at the edge. Addresses order by their bytes.
public struct Address: FixedBytes {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes an address has.
    public static let byteCount = 32

    /// Thirty-two zero bytes: the system program, and "no address" in many accounts.
    public static let zero = Address(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }

    /// Whether the bytes are a point of the curve, so that a key could exist that signs for this address.
    public var isOnCurve: Bool {
        withUnsafeBytes { Ed25519.isOnCurve(bufferPointer: $0) }
    }
}

extension Address {
    /// Compares all bytes.
    public static func == (lhs: Address, rhs: Address) -> Bool {
        lhs.words.0 == rhs.words.0 && lhs.words.1 == rhs.words.1
            && lhs.words.2 == rhs.words.2 && lhs.words.3 == rhs.words.3
    }

    /// Orders by the bytes, the first one weighing most.
    public static func < (lhs: Address, rhs: Address) -> Bool {
        if lhs.words.0 != rhs.words.0 { return lhs.words.0.bigEndian < rhs.words.0.bigEndian }
        if lhs.words.1 != rhs.words.1 { return lhs.words.1.bigEndian < rhs.words.1.bigEndian }
        if lhs.words.2 != rhs.words.2 { return lhs.words.2.bigEndian < rhs.words.2.bigEndian }
        return lhs.words.3.bigEndian < rhs.words.3.bigEndian
    }

    /// Feeds all bytes to the hasher.
    public func hash(into hasher: inout Hasher) {
        hasher.combine(words.0)
        hasher.combine(words.1)
        hasher.combine(words.2)
        hasher.combine(words.3)
    }
}
