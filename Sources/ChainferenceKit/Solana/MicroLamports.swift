/// A priority price: millionths of a lamport for each compute unit.
///
/// A type of its own, so that it is never taken for a fee.
public struct MicroLamports: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByIntegerLiteral {
    /// The number of micro-lamports per compute unit.
    public var rawValue: UInt64

    /// A price of `rawValue` micro-lamports per compute unit.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// A price of `microLamports` micro-lamports per compute unit.
    public init(_ microLamports: UInt64) {
        self.rawValue = microLamports
    }

    /// A price of as many micro-lamports per compute unit as the literal says.
    public init(integerLiteral microLamports: UInt64) {
        self.rawValue = microLamports
    }

    /// No priority.
    public static let zero: MicroLamports = 0

    /// What a transaction pays for its priority: price times limit, rounded up to whole lamports.
    ///
    /// The limit counts, not what is used. Like the runtime, stops at the largest amount instead of failing.
    public func fee(computeUnitLimit: UInt32) -> Lamports {
        let product = UInt128(rawValue) * UInt128(computeUnitLimit)
        return Lamports(UInt64(clamping: (product + 999_999) / 1_000_000))
    }
}

extension MicroLamports: Comparable {
    /// Orders by the price.
    public static func < (lhs: MicroLamports, rhs: MicroLamports) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

extension MicroLamports: CustomStringConvertible {
    /// The price with its unit.
    public var description: String { "\(rawValue) micro-lamports per compute unit" }
}
