/// Why an instruction failed, as the runtime names it.
///
/// Codes of a program's own arrive as ``custom(_:)``.
public enum InstructionError: Error, Hashable, Sendable {
    /// An error without a more precise name.
    case genericError

    /// An argument of the instruction is wrong.
    case invalidArgument

    /// The instruction's data could not be read.
    case invalidInstructionData

    /// An account's data could not be read.
    case invalidAccountData

    /// An account's data is too small.
    case accountDataTooSmall

    /// An account has not enough lamports for the operation.
    case insufficientFunds

    /// An account belongs to another program than expected, or another program was passed.
    case incorrectProgramId

    /// A signature that the instruction needs is missing.
    case missingRequiredSignature

    /// The account to initialise is in use already.
    case accountAlreadyInitialized

    /// The account is not initialised.
    case uninitializedAccount

    /// The lamports before and after the instruction differ.
    case unbalancedInstruction

    /// The instruction changed who owns an account, illegally.
    case modifiedProgramId

    /// The program spent lamports of an account that is not its own.
    case externalAccountLamportSpend

    /// The program changed the data of an account that is not its own.
    case externalAccountDataModified

    /// The lamports of a read-only account were changed.
    case readonlyLamportChange

    /// The data of a read-only account were changed.
    case readonlyDataModified

    /// An account was passed twice where it must not be.
    case duplicateAccountIndex

    /// The executable mark of an account was changed.
    case executableModified

    /// The rent epoch of an account was changed.
    case rentEpochModified

    /// The instruction needs more accounts than it got.
    case notEnoughAccountKeys

    /// The program changed the size of an account that is not its own.
    case accountDataSizeChanged

    /// The account that was called is no program.
    case accountNotExecutable

    /// An account's data could not be borrowed.
    case accountBorrowFailed

    /// An account's data were still borrowed at the end.
    case accountBorrowOutstanding

    /// The same account passed twice was changed in different ways.
    case duplicateAccountOutOfSync

    /// The program's return code stands for no error.
    case invalidError

    /// The data of a program account were changed.
    case executableDataModified

    /// The lamports of a program account were changed.
    case executableLamportChange

    /// A program account has less than the rent-exempt minimum.
    case executableAccountNotRentExempt

    /// The program is not supported or not there.
    case unsupportedProgramId

    /// Programs called each other too deeply.
    case callDepth

    /// An account that the instruction needs is not in the transaction.
    case missingAccount

    /// A program called itself through another one.
    case reentrancyNotAllowed

    /// A seed of a derived address is too long, or there are too many.
    case maxSeedLengthExceeded

    /// The seeds do not give a valid derived address.
    case invalidSeeds

    /// An account was resized beyond what is allowed.
    case invalidRealloc

    /// The program used up its compute units.
    case computationalBudgetExceeded

    /// A called program was given privileges that the caller lacks.
    case privilegeEscalation

    /// The program's environment could not be set up.
    case programEnvironmentSetupFailure

    /// The program stopped abnormally.
    case programFailedToComplete

    /// The program could not be compiled.
    case programFailedToCompile

    /// The account cannot be changed.
    case immutable

    /// The wrong authority signed.
    case incorrectAuthority

    /// An account could not be read as Borsh.
    case borshIoError

    /// An account has less than the rent-exempt minimum.
    case accountNotRentExempt

    /// The account belongs to another program than expected.
    case invalidAccountOwner

    /// Arithmetic overflowed.
    case arithmeticOverflow

    /// The program asked for a system variable that does not exist.
    case unsupportedSysvar

    /// The account may not be given to that owner.
    case illegalOwner

    /// The transaction allocates too much account data.
    case maxAccountsDataAllocationsExceeded

    /// The transaction uses too many accounts.
    case maxAccountsExceeded

    /// The transaction runs too many instructions, nested ones included.
    case maxInstructionTraceLengthExceeded

    /// A built-in program consumed no compute units.
    case builtinProgramsMustConsumeComputeUnits

    /// A code of the program's own.
    case custom(UInt32)

    /// An error that this library does not know yet, by the runtime's name.
    case unrecognized(String)
}

extension InstructionError {
    /// Every error without a payload beside its name in the runtime and in JSON-RPC.
    static let names: [(error: InstructionError, name: String)] = [
        (.genericError, "GenericError"),
        (.invalidArgument, "InvalidArgument"),
        (.invalidInstructionData, "InvalidInstructionData"),
        (.invalidAccountData, "InvalidAccountData"),
        (.accountDataTooSmall, "AccountDataTooSmall"),
        (.insufficientFunds, "InsufficientFunds"),
        (.incorrectProgramId, "IncorrectProgramId"),
        (.missingRequiredSignature, "MissingRequiredSignature"),
        (.accountAlreadyInitialized, "AccountAlreadyInitialized"),
        (.uninitializedAccount, "UninitializedAccount"),
        (.unbalancedInstruction, "UnbalancedInstruction"),
        (.modifiedProgramId, "ModifiedProgramId"),
        (.externalAccountLamportSpend, "ExternalAccountLamportSpend"),
        (.externalAccountDataModified, "ExternalAccountDataModified"),
        (.readonlyLamportChange, "ReadonlyLamportChange"),
        (.readonlyDataModified, "ReadonlyDataModified"),
        (.duplicateAccountIndex, "DuplicateAccountIndex"),
        (.executableModified, "ExecutableModified"),
        (.rentEpochModified, "RentEpochModified"),
        (.notEnoughAccountKeys, "NotEnoughAccountKeys"),
        (.accountDataSizeChanged, "AccountDataSizeChanged"),
        (.accountNotExecutable, "AccountNotExecutable"),
        (.accountBorrowFailed, "AccountBorrowFailed"),
        (.accountBorrowOutstanding, "AccountBorrowOutstanding"),
        (.duplicateAccountOutOfSync, "DuplicateAccountOutOfSync"),
        (.invalidError, "InvalidError"),
        (.executableDataModified, "ExecutableDataModified"),
        (.executableLamportChange, "ExecutableLamportChange"),
        (.executableAccountNotRentExempt, "ExecutableAccountNotRentExempt"),
        (.unsupportedProgramId, "UnsupportedProgramId"),
        (.callDepth, "CallDepth"),
        (.missingAccount, "MissingAccount"),
        (.reentrancyNotAllowed, "ReentrancyNotAllowed"),
        (.maxSeedLengthExceeded, "MaxSeedLengthExceeded"),
        (.invalidSeeds, "InvalidSeeds"),
        (.invalidRealloc, "InvalidRealloc"),
        (.computationalBudgetExceeded, "ComputationalBudgetExceeded"),
        (.privilegeEscalation, "PrivilegeEscalation"),
        (.programEnvironmentSetupFailure, "ProgramEnvironmentSetupFailure"),
        (.programFailedToComplete, "ProgramFailedToComplete"),
        (.programFailedToCompile, "ProgramFailedToCompile"),
        (.immutable, "Immutable"),
        (.incorrectAuthority, "IncorrectAuthority"),
        (.borshIoError, "BorshIoError"),
        (.accountNotRentExempt, "AccountNotRentExempt"),
        (.invalidAccountOwner, "InvalidAccountOwner"),
        (.arithmeticOverflow, "ArithmeticOverflow"),
        (.unsupportedSysvar, "UnsupportedSysvar"),
        (.illegalOwner, "IllegalOwner"),
        (.maxAccountsDataAllocationsExceeded, "MaxAccountsDataAllocationsExceeded"),
        (.maxAccountsExceeded, "MaxAccountsExceeded"),
        (.maxInstructionTraceLengthExceeded, "MaxInstructionTraceLengthExceeded"),
        (.builtinProgramsMustConsumeComputeUnits, "BuiltinProgramsMustConsumeComputeUnits"),
    ]

    /// The name in the runtime and in JSON-RPC, such as `InvalidAccountData`; `Custom` for a code of the program's own.
    public var name: String {
        switch self {
        case .custom: "Custom"
        case .unrecognized(let name): name
        default: Self.names.first { $0.error == self }?.name ?? "GenericError"
        }
    }

    /// The error without a payload that the runtime calls `name`; an unknown name is kept as ``unrecognized(_:)``.
    public init(name: String) {
        self = Self.names.first { $0.name == name }?.error ?? .unrecognized(name)
    }
}

extension InstructionError: CustomStringConvertible {
    /// The runtime's name and, for a code of the program's own, the code in both notations.
    public var description: String {
        switch self {
        case .custom(let code): "custom program error \(code) (0x\(String(code, radix: 16)))"
        default: name
        }
    }
}
