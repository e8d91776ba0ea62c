public import MarketProgram

/// A refusal by the market program: what it said, and what to do about it.
///
/// A refusal moves nothing but the transaction's fee, and not even that when it was found in simulation.
public struct MarketError: Error, Hashable, Sendable {
    /// The program's code.
    public let code: ErrorCode

    /// Adopts a code.
    public init(_ code: ErrorCode) {
        self.code = code
    }

    /// The error behind the custom code of a failed instruction; nil when the market program has no such code.
    ///
    /// - Parameter customCode: The number that the cluster reports, as in `custom program error: 0x1771`.
    public init?(customCode: UInt32) {
        guard let code = ErrorCode(rawValue: customCode) else { return nil }
        self.code = code
    }

    /// The code's name, such as `requestNotOpen`.
    public var name: String { "\(code)" }
}

extension MarketError: CustomStringConvertible {
    /// The name, the number, and what to do.
    public var description: String { "\(name) (\(code.rawValue)): \(advice)" }
}
