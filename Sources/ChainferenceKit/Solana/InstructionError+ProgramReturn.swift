extension InstructionError {
    /// Errors that programs return by number, in the order of their codes from 2 on.
    private static let returnable: [InstructionError] = [
        .invalidArgument,
        .invalidInstructionData,
        .invalidAccountData,
        .accountDataTooSmall,
        .insufficientFunds,
        .incorrectProgramId,
        .missingRequiredSignature,
        .accountAlreadyInitialized,
        .uninitializedAccount,
        .notEnoughAccountKeys,
        .accountBorrowFailed,
        .maxSeedLengthExceeded,
        .invalidSeeds,
        .borshIoError,
        .accountNotRentExempt,
        .unsupportedSysvar,
        .illegalOwner,
        .maxAccountsDataAllocationsExceeded,
        .invalidRealloc,
        .maxInstructionTraceLengthExceeded,
        .builtinProgramsMustConsumeComputeUnits,
        .invalidAccountOwner,
        .arithmeticOverflow,
        .immutable,
        .incorrectAuthority,
    ]

    /// The error that a program's return value stands for; `nil` for 0, which is success.
    ///
    /// Built-in errors lie in the upper 32 bits (solana-sdk `program-error`), codes of the program's own in the lower.
    public init?(programReturnValue value: UInt64) {
        guard value != 0 else { return nil }
        let builtin = value >> 32
        if builtin == 0 {
            self = .custom(UInt32(truncatingIfNeeded: value))
        } else if UInt32(truncatingIfNeeded: value) != 0 {
            self = .invalidError
        } else if builtin == 1 {
            self = .custom(0)
        } else if builtin - 2 < Self.returnable.count {
            self = Self.returnable[Int(builtin - 2)]
        } else {
            self = .invalidError
        }
    }

    /// The value that a program returns for this error; `nil` for errors that only the runtime raises.
    public var programReturnValue: UInt64? {
        switch self {
        case .custom(0): 1 << 32
        case .custom(let code): UInt64(code)
        default: Self.returnable.firstIndex(of: self).map { UInt64($0 + 2) << 32 }
        }
    }
}
