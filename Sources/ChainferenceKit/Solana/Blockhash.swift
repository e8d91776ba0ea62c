/// The hash of a recent block, which bounds a transaction's life; also the value of a durable nonce.
public struct Blockhash: FixedBytes {
    private let words: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes a blockhash has.
    public static let byteCount = 32

    /// Thirty-two zero bytes, for transactions that are only simulated.
    public static let zero = Blockhash(words: (0, 0, 0, 0))

    private init(words: (UInt64, UInt64, UInt64, UInt64)) {
        self.words = words
    }
}

extension Blockhash {
    /// Compares all bytes.
    public static func == (lhs: Blockhash, rhs: Blockhash) -> Bool {
        lhs.words == rhs.words
    }

    /// Orders by the bytes, the first one weighing most.
    public static func < (lhs: Blockhash, rhs: Blockhash) -> Bool {
        lhs.withUnsafeBytes { lhs in rhs.withUnsafeBytes { lhs.lexicographicallyPrecedes($0) } }
    }

    /// Feeds all bytes to the hasher.
    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
