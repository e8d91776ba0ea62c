/// An amount of money: billionths of a SOL.
///
/// Arithmetic names what happens at the limits: `adding` throws, `saturatingAdding` stops at the limit. There are no
/// operators, since money that wraps or traps is the wrong default.
public struct Lamports: RawRepresentable, Hashable, Sendable, Codable, ExpressibleByIntegerLiteral {
    /// The number of lamports.
    public var rawValue: UInt64

    /// An amount of `rawValue` lamports.
    public init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// An amount of `lamports` lamports.
    public init(_ lamports: UInt64) {
        self.rawValue = lamports
    }

    /// An amount of as many lamports as the literal says.
    public init(integerLiteral lamports: UInt64) {
        self.rawValue = lamports
    }

    /// An amount of `count` lamports, for places where `.lamports(5_000)` reads best.
    public static func lamports(_ count: UInt64) -> Lamports {
        Lamports(count)
    }

    /// Nothing.
    public static let zero: Lamports = 0

    /// The largest amount that can be written.
    public static let max = Lamports(.max)

    /// How many lamports make one SOL.
    public static let perSOL: UInt64 = 1_000_000_000
}

extension Lamports: Comparable {
    /// Orders by the amount.
    public static func < (lhs: Lamports, rhs: Lamports) -> Bool {
        lhs.rawValue < rhs.rawValue
    }
}

/// An amount that cannot be represented.
public enum AmountError: Error, Hashable, Sendable {
    /// The result is larger than 2⁶⁴ − 1.
    case overflow

    /// The result is below zero.
    case negative

    /// A text is no amount of SOL: digits, at most nine of them after one point.
    case invalidText(String)
}

extension AmountError: CustomStringConvertible {
    /// What happened, in a sentence.
    public var description: String {
        switch self {
        case .overflow: "the amount is larger than can be represented (2⁶⁴ − 1)"
        case .negative: "the amount would be negative"
        case .invalidText(let text): "'\(text)' is no amount of SOL: write digits, with at most nine after one point"
        }
    }
}

extension Lamports {
    /// The sum.
    public func adding(_ other: Lamports) throws(AmountError) -> Lamports {
        let (value, overflow) = rawValue.addingReportingOverflow(other.rawValue)
        if overflow { throw .overflow }
        return Lamports(value)
    }

    /// The difference.
    public func subtracting(_ other: Lamports) throws(AmountError) -> Lamports {
        let (value, overflow) = rawValue.subtractingReportingOverflow(other.rawValue)
        if overflow { throw .negative }
        return Lamports(value)
    }

    /// The product.
    public func multiplied(by factor: UInt64) throws(AmountError) -> Lamports {
        let (value, overflow) = rawValue.multipliedReportingOverflow(by: factor)
        if overflow { throw .overflow }
        return Lamports(value)
    }

    /// The sum, or the largest amount where it would be larger.
    public func saturatingAdding(_ other: Lamports) -> Lamports {
        let (value, overflow) = rawValue.addingReportingOverflow(other.rawValue)
        return overflow ? .max : Lamports(value)
    }

    /// The difference, or nothing where it would be negative.
    public func saturatingSubtracting(_ other: Lamports) -> Lamports {
        rawValue > other.rawValue ? Lamports(rawValue - other.rawValue) : .zero
    }

    /// The sum of many amounts.
    public static func sum(_ amounts: some Sequence<Lamports>) throws(AmountError) -> Lamports {
        var total = Lamports.zero
        for amount in amounts { total = try total.adding(amount) }
        return total
    }
}
