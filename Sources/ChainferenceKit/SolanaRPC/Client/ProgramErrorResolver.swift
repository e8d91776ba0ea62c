import JSON
public import Solana

/// Turns a program's custom error codes into that program's Swift errors.
///
/// The chain reports a failed instruction as “custom error 6001”; a resolver for the program says which error that is.
///
/// ```swift
/// let resolver = ProgramErrorResolver { program, code in
///     program == myProgram ? MyProgramError(rawValue: code) : nil
/// }
/// ```
public struct ProgramErrorResolver: Sendable {
    private let resolveCode: @Sendable (Address, UInt32) -> (any Error)?

    /// Makes a resolver from a function from program and code to an error, or nil if it knows none.
    public init(_ resolve: @escaping @Sendable (_ program: Address, _ code: UInt32) -> (any Error)?) {
        resolveCode = resolve
    }

    /// A resolver that knows no program.
    public static let none = Self { _, _ in nil }

    /// The error behind a code of a program, or nil if unknown.
    public func resolve(program: Address, code: UInt32) -> (any Error)? {
        resolveCode(program, code)
    }

    /// A resolver that asks this one first and then another.
    public func or(_ other: Self) -> Self {
        Self { program, code in resolve(program: program, code: code) ?? other.resolve(program: program, code: code) }
    }
}

/// Why the chain, or a simulation of it, refused a transaction.
public struct TransactionFailure: Error, Sendable {
    /// The chain's own error.
    public let error: TransactionError
    /// The program that raised it, if an instruction did.
    public let program: Address?
    /// The program's error as a Swift error, if a ``ProgramErrorResolver`` knew it.
    public let programError: (any Error)?
    /// What the programs logged, as far as the node told.
    public let logs: [String]
    /// The compute units that were used up to the failure, as far as the node told.
    public let computeUnits: UInt64?

    /// Makes a failure, and finds the program and its error.
    ///
    /// - Parameters:
    ///   - error: the chain's own error.
    ///   - programs: the programs of the transaction's instructions, in order.
    ///   - logs: what the programs logged.
    ///   - computeUnits: the compute units used.
    ///   - resolver: what knows the programs' errors.
    public init(
        error: TransactionError,
        programs: [Address] = [],
        logs: [String] = [],
        computeUnits: UInt64? = nil,
        resolver: ProgramErrorResolver = .none
    ) {
        self.error = error
        self.logs = logs
        self.computeUnits = computeUnits
        guard case .instructionError(let index, let instructionError) = error else {
            program = nil
            programError = nil
            return
        }
        let outer = programs.indices.contains(Int(index)) ? programs[Int(index)] : nil
        // The code is that of the innermost program that failed, which a call into another program hides. The
        // innermost program is the first whose failure is logged.
        let program = Self.firstFailedProgram(in: logs) ?? outer
        self.program = program
        if let program, case .custom(let code) = instructionError {
            programError = resolver.resolve(program: program, code: code)
        } else {
            programError = nil
        }
    }

    /// The program of the first “Program … failed: …” line.
    static func firstFailedProgram(in logs: [String]) -> Address? {
        for line in logs {
            let words = line.split(separator: " ", maxSplits: 3)
            guard words.count >= 3, words[0] == "Program", words[2] == "failed:" || words[2] == "failed" else {
                continue
            }
            if let program = try? Address(base58: String(words[1])) { return program }
        }
        return nil
    }
}

extension TransactionFailure: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        var text: String
        if let programError {
            text = "\(programError) (\(error))"
        } else {
            text = "\(error)"
        }
        if let program { text += " in program \(program)" }
        if let last = logs.last(where: { $0.contains("failed") || $0.contains("Error") }) {
            text += "; logged: \(JSONValue.excerpt(of: Array(last.utf8), limit: 300))"
        }
        return text
    }
}
