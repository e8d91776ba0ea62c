/// The market program: stakes, metered payment and reputation for inference, decided by state transitions over account
/// bytes.
///
/// Unaudited. The byte-level specification is `Documentation/market-program.md`.
public enum MarketProgram {
    /// How many bytes of ``Runtime/scratch`` the program uses at most.
    public static let scratchSize = 4_096

    /// Runs one instruction.
    ///
    /// - Parameters:
    ///   - input: The loader's input region (see ``AccountHeader``), 8-byte aligned. Accounts are changed in place; on
    ///     a result other than 0 the caller must discard the changes.
    ///   - instruction: The instruction's data inside that region: 8 bytes before it stands its length, right behind it
    ///     the program's address.
    ///   - runtime: The machine.
    /// - Returns: 0, an ``ErrorCode``, or what a failed ``Runtime`` requirement returned.
    public static func process<Machine: Runtime>(
        input: UnsafeMutableRawPointer,
        instruction: UnsafeMutableRawPointer,
        runtime: Machine
    ) -> UInt64 {
        UInt64(ErrorCode.instructionFallbackNotFound.rawValue)
    }
}
