import SodiumCrypto

/// An Ed25519 signature; the first one of a transaction is also its id.
public struct Signature: FixedBytes {
    private let low: (UInt64, UInt64, UInt64, UInt64)
    private let high: (UInt64, UInt64, UInt64, UInt64)

    /// How many bytes a signature has.
    public static let byteCount = 64

    /// Sixty-four zero bytes: the place of a signature that has not been made yet.
    public static let zero = Signature(low: (0, 0, 0, 0), high: (0, 0, 0, 0))

    private init(low: (UInt64, UInt64, UInt64, UInt64), high: (UInt64, UInt64, UInt64, UInt64)) {
        self.low = low
        self.high = high
    }

    /// Whether the key of `address` made this signature over `message`.
    public func verify(_ message: some Collection<UInt8>, by address: Address) -> Bool {
        withUnsafeBytes { signature in
            address.withUnsafeBytes { address in
                Ed25519.verify(signature: signature, message: message, publicKey: address)
            }
        }
    }
}

extension Signature {
    /// Compares all bytes.
    public static func == (lhs: Signature, rhs: Signature) -> Bool {
        lhs.low == rhs.low && lhs.high == rhs.high
    }

    /// Orders by the bytes, the first one weighing most.
    public static func < (lhs: Signature, rhs: Signature) -> Bool {
        lhs.withUnsafeBytes { lhs in rhs.withUnsafeBytes { lhs.lexicographicallyPrecedes($0) } }
    }

    /// Feeds all bytes to the hasher.
    public func hash(into hasher: inout Hasher) {
        withUnsafeBytes { hasher.combine(bytes: $0) }
    }
}
