public import Solana

/// How many tokens went in and came out.
public struct TokenCount: Hashable, Sendable {
    /// Nothing in, nothing out.
    public static let zero = TokenCount(input: 0, output: 0)

    /// Tokens of all prompts, as the model counts them.
    public var input: UInt64

    /// Tokens of all answers.
    public var output: UInt64

    /// Adopts two counts.
    public init(input: UInt64, output: UInt64) {
        self.input = input
        self.output = output
    }

    /// The sum; counts stay at their maximum instead of overflowing.
    public func adding(_ other: TokenCount) -> TokenCount {
        var sum = self
        sum.add(other)
        return sum
    }

    /// Adds another count; counts stay at their maximum instead of overflowing.
    public mutating func add(_ other: TokenCount) {
        input = input.addingReportingOverflow(other.input).overflow ? .max : input + other.input
        output = output.addingReportingOverflow(other.output).overflow ? .max : output + other.output
    }
}

/// What a server asks for, or the most that a client accepts: two prices and a minimum.
public struct Terms: Hashable, Sendable {
    /// Lamports for a million output tokens.
    public var outputPrice: PricePerMillionTokens

    /// Lamports for a million input tokens; may be free.
    public var inputPrice: PricePerMillionTokens

    /// The least that one session costs, whatever its length; may be zero, and should cover the server's transactions.
    public var minimumCharge: Lamports

    /// Adopts two prices and a minimum.
    public init(
        outputPrice: PricePerMillionTokens,
        inputPrice: PricePerMillionTokens = .free,
        minimumCharge: Lamports = .zero
    ) {
        self.outputPrice = outputPrice
        self.inputPrice = inputPrice
        self.minimumCharge = minimumCharge
    }

    /// What is due for a session: `max(minimum, ⌈(input × price + output × price) ÷ 10⁶⌉)`, rounded once.
    ///
    /// The intermediate has 128 bits. A result that no account could hold comes out as `UInt64.max` lamports, which is
    /// above every stake.
    public func charge(for usage: TokenCount) -> Lamports {
        let input = UInt128(usage.input) * UInt128(inputPrice.rawValue)
        let output = UInt128(usage.output) * UInt128(outputPrice.rawValue)
        let (sum, overflow) = input.addingReportingOverflow(output)
        guard !overflow else { return .max }
        let (quotient, remainder) = sum.quotientAndRemainder(dividingBy: 1_000_000)
        let rounded = remainder == 0 ? quotient : quotient + 1
        return max(minimumCharge, Lamports(rawValue: UInt64(exactly: rounded) ?? .max))
    }

    /// The most output tokens that `budget` pays for after `inputTokens` have been read; nil when not even the input
    /// or the minimum charge is paid for.
    ///
    /// With a free output the answer is `UInt64.max`.
    public func affordableOutput(within budget: Lamports, inputTokens: UInt64) -> UInt64? {
        guard minimumCharge <= budget else { return nil }
        // charge ≤ budget  ⇔  input × p + output × q ≤ budget × 10⁶; every product fits 128 bits.
        let whole = UInt128(budget.rawValue) * 1_000_000
        let input = UInt128(inputTokens) * UInt128(inputPrice.rawValue)
        guard input <= whole else { return nil }
        guard outputPrice.rawValue > 0 else { return .max }
        return UInt64(exactly: (whole - input) / UInt128(outputPrice.rawValue)) ?? .max
    }

    /// Whether nothing in these terms is above the same thing in `caps`.
    public func isWithin(_ caps: Terms) -> Bool {
        outputPrice <= caps.outputPrice && inputPrice <= caps.inputPrice && minimumCharge <= caps.minimumCharge
    }

    /// These terms with every number raised by `tolerance`, rounded up: what a client accepts at most.
    ///
    /// Prices stay within what the program accepts.
    public func raised(by tolerance: BasisPoints) -> Terms {
        func raise(_ value: UInt64) -> UInt64 {
            let product = UInt128(value) * UInt128(10_000 + UInt32(tolerance.rawValue))
            return UInt64(exactly: (product + 9_999) / 10_000) ?? .max
        }
        let ceiling = PricePerMillionTokens.maximum.rawValue
        return Terms(
            outputPrice: PricePerMillionTokens(rawValue: min(raise(outputPrice.rawValue), ceiling)),
            inputPrice: PricePerMillionTokens(rawValue: min(raise(inputPrice.rawValue), ceiling)),
            minimumCharge: Lamports(rawValue: raise(minimumCharge.rawValue))
        )
    }
}

extension Terms: CustomStringConvertible {
    /// The three numbers in one line.
    public var description: String {
        "\(outputPrice.rawValue) lamports per million output tokens, \(inputPrice.rawValue) per million input tokens, "
            + "at least \(minimumCharge.rawValue) a session"
    }
}
