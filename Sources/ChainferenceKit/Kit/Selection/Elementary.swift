#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

// Inside `ServerRanking` and its neighbours, `log` and `exp` are too easily something else.
extension Double {
    /// The natural logarithm.
    static func logarithm(_ value: Double) -> Double { log(value) }

    /// e to the power of `value`.
    static func exponential(_ value: Double) -> Double { exp(value) }

    /// `base` to the power of `exponent`.
    static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}
