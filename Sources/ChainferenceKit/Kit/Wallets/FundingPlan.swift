public import Solana

/// How much a disposable wallet gets, and when, so that neither tells whose it is.
///
/// An odd amount, or the same minute every day, ties two wallets together as surely as a signature. Amounts are therefore
/// round ones that many people use, and times are drawn.
public struct FundingPlan: Hashable, Sendable {
    /// What is sent: one of 1, 2 or 5 times a power of ten lamports, at least one thousandth of a SOL.
    public let amount: Lamports

    /// How long to wait before it is sent.
    public let delay: Duration

    /// Plans a funding.
    ///
    /// - Parameters:
    ///   - needed: What the wallet must hold.
    ///   - maximumDelay: The longest wait.
    ///   - generator: Draws the wait.
    public init(needed: Lamports, maximumDelay: Duration, using generator: inout some RandomNumberGenerator) {
        amount = Self.round(up: needed)
        delay = maximumDelay * Double.random(in: 0...1, using: &generator)
    }

    /// The smallest round amount that is at least `amount`.
    public static func round(up amount: Lamports) -> Lamports {
        var power: UInt64 = Lamports.perSOL / 1_000
        while true {
            for digit: UInt64 in [1, 2, 5] {
                let (candidate, overflow) = power.multipliedReportingOverflow(by: digit)
                guard !overflow else { return amount }
                if candidate >= amount.rawValue { return Lamports(candidate) }
            }
            let (next, overflow) = power.multipliedReportingOverflow(by: 10)
            guard !overflow else { return amount }
            power = next
        }
    }
}
