import MarketProgram

/// The market program, run natively on one instruction.
public enum NativeMarket {
    /// What an instruction did.
    public struct Outcome: Equatable, Sendable {
        /// What `MarketProgram.process` returned.
        public var result: UInt64
        /// The accounts as the program left them; meaningless unless the result is 0.
        public var accounts: [NativeAccount]
        /// What the program did that a validator logs, in order.
        public var log: [LogEntry]

        /// The events.
        public var events: [[UInt8]] {
            log.compactMap { if case .data(let bytes) = $0 { bytes } else { nil } }
        }
    }

    /// One thing that leaves lines in a validator's log.
    public enum LogEntry: Equatable, Sendable {
        /// The program logged these bytes: an event.
        case data([UInt8])
        /// The program called the system program, which answered with this status.
        case systemCall(status: UInt64)
    }

    /// Runs one instruction.
    ///
    /// - Parameters:
    ///   - data: The instruction's data.
    ///   - places: Its accounts.
    ///   - program: The 32 bytes of the program's address.
    ///   - clock: The 40 bytes of the Clock sysvar.
    ///   - rent: The 17 bytes of the Rent sysvar.
    /// - Returns: What came of it.
    public static func run(
        _ data: [UInt8],
        on places: [AccountPlace],
        program: [UInt8],
        clock: [UInt8],
        rent: [UInt8]
    ) -> Outcome {
        let region = InputRegion(places: places, instruction: data, program: program)
        let runtime = NativeRuntime(clock: clock, rent: rent)
        let result = MarketProgram.process(input: region.start, instruction: region.instruction, runtime: runtime)
        return Outcome(result: result, accounts: region.accounts(), log: runtime.log)
    }
}
