/// A moment as the chain's clock counts it: whole seconds since 1970.
///
/// The clock sysvar is the validators' stake-weighted estimate; it may be some seconds away from a wall clock.
public struct UnixTime: RawRepresentable, Hashable, Sendable {
    /// Seconds since 1970-01-01 00:00:00 UTC.
    public let rawValue: Int64

    /// Adopts a number of seconds since 1970.
    public init(rawValue: Int64) {
        self.rawValue = rawValue
    }

    /// Later by a number of seconds; stays at the ends of the range instead of overflowing.
    public func advanced(bySeconds seconds: Int64) -> UnixTime {
        let (sum, overflow) = rawValue.addingReportingOverflow(seconds)
        return UnixTime(rawValue: overflow ? (seconds > 0 ? .max : .min) : sum)
    }

    /// How many seconds it is from here to `other`; negative when `other` is earlier, without overflow.
    public func seconds(until other: UnixTime) -> Int64 {
        let (difference, overflow) = other.rawValue.subtractingReportingOverflow(rawValue)
        return overflow ? (other.rawValue > rawValue ? .max : .min) : difference
    }
}

extension UnixTime: Comparable {
    /// The earlier comes first.
    public static func < (lhs: UnixTime, rhs: UnixTime) -> Bool { lhs.rawValue < rhs.rawValue }
}

extension UnixTime: CustomStringConvertible {
    /// The seconds, as the chain stores them.
    public var description: String { "\(rawValue)" }
}
