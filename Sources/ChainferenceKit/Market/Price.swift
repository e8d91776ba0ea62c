import MarketProgram
public import Solana

/// A price in lamports for a million tokens.
///
/// The program refuses prices above 2³², so that tokens × price never needs more than 96 bits.
public struct PricePerMillionTokens: RawRepresentable, Hashable, Sendable {
    /// The highest price that the program accepts: 2³² lamports, about 4.3 SOL, for a million tokens.
    public static let maximum = PricePerMillionTokens(rawValue: MarketLimits.price)

    /// Lamports for a million tokens.
    public let rawValue: UInt64

    /// Adopts a number of lamports for a million tokens; the program checks the range.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// A price in lamports for a million tokens.
    public static func lamports(_ lamports: UInt64) -> PricePerMillionTokens {
        PricePerMillionTokens(rawValue: lamports)
    }

    /// Nothing; allowed for input tokens.
    public static let free = PricePerMillionTokens(rawValue: 0)
}

extension PricePerMillionTokens: Comparable {
    /// Cheaper comes first.
    public static func < (lhs: PricePerMillionTokens, rhs: PricePerMillionTokens) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

extension PricePerMillionTokens: CustomStringConvertible {
    /// The number and its unit.
    public var description: String { "\(rawValue) lamports per million tokens" }
}

/// Hundredths of a percent, from 0 to 10,000.
public struct BasisPoints: RawRepresentable, Hashable, Sendable {
    /// The whole: 10,000 basis points.
    public static let whole = BasisPoints(rawValue: 10_000)

    /// Nothing.
    public static let zero = BasisPoints(rawValue: 0)

    /// Hundredths of a percent.
    public let rawValue: UInt16

    /// Adopts a number of hundredths of a percent.
    public init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// This share of an amount, rounded down as the program does.
    public func share(of amount: Lamports) -> Lamports {
        let product = amount.rawValue.multipliedFullWidth(by: UInt64(min(rawValue, 10_000)))
        return Lamports(rawValue: UInt64(10_000).dividingFullWidth(product).quotient)
    }
}

extension BasisPoints: Comparable {
    /// The smaller share comes first.
    public static func < (lhs: BasisPoints, rhs: BasisPoints) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension BasisPoints: CustomStringConvertible {
    /// A percentage with two decimals.
    public var description: String {
        let fraction = rawValue % 100
        return "\(rawValue / 100).\(fraction < 10 ? "0" : "")\(fraction) %"
    }
}
