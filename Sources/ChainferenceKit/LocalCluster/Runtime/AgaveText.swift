import Solana

extension TransactionError {
    /// The sentence that Agave prints, which clients find in JSON-RPC messages and some look for.
    var agaveText: String {
        switch self {
        case .instructionError(let index, let error): "Error processing Instruction \(index): \(error.agaveText)"
        case .duplicateInstruction(let index):
            "Transaction contains a duplicate instruction (\(index)) that is not allowed"
        case .insufficientFundsForRent(let index):
            "Transaction results in an account (\(index)) with insufficient funds for rent"
        case .accountNotFound: "Attempt to debit an account but found no record of a prior credit."
        case .programAccountNotFound: "Attempt to load a program that does not exist"
        case .accountLoadedTwice: "Account loaded twice"
        case .insufficientFundsForFee: "Insufficient funds for fee"
        case .invalidAccountForFee: "This account may not be used to pay transaction fees"
        case .alreadyProcessed: "This transaction has already been processed"
        case .blockhashNotFound: "Blockhash not found"
        case .signatureFailure: "Transaction did not pass signature verification"
        case .invalidProgramForExecution: "This program may not be used for executing instructions"
        case .sanitizeFailure: "Transaction failed to sanitize accounts offsets correctly"
        case .unsupportedVersion: "Transaction version is unsupported"
        case .tooManyAccountLocks: "Transaction locked too many accounts"
        case .addressLookupTableNotFound: "Transaction loads an address table account that doesn't exist"
        case .invalidAddressLookupTableOwner: "Transaction loads an address table account with an invalid owner"
        case .invalidAddressLookupTableData: "Transaction loads an address table account with invalid data"
        case .invalidAddressLookupTableIndex: "Transaction address table lookup uses an invalid index"
        case .maxLoadedAccountsDataSizeExceeded: "Transaction exceeded max loaded accounts data size cap"
        case .invalidLoadedAccountsDataSizeLimit:
            "LoadedAccountsDataSizeLimit set for transaction must be greater than 0."
        case .unbalancedTransaction: "Sum of account balances before and after transaction do not match"
        default: description
        }
    }
}

extension InstructionError {
    /// The sentence that Agave prints, in the log lines of failed programs and in JSON-RPC messages.
    var agaveText: String {
        if case .custom(let code) = self { return "custom program error: 0x\(String(code, radix: 16))" }
        return Self.agaveTexts[self] ?? description
    }

    private static let agaveTexts: [InstructionError: String] = [
        .genericError: "generic instruction error",
        .invalidArgument: "invalid program argument",
        .invalidInstructionData: "invalid instruction data",
        .invalidAccountData: "invalid account data for instruction",
        .accountDataTooSmall: "account data too small for instruction",
        .insufficientFunds: "insufficient funds for instruction",
        .incorrectProgramId: "incorrect program id for instruction",
        .missingRequiredSignature: "missing required signature for instruction",
        .accountAlreadyInitialized: "instruction requires an uninitialized account",
        .uninitializedAccount: "instruction requires an initialized account",
        .unbalancedInstruction: "sum of account balances before and after instruction do not match",
        .modifiedProgramId: "instruction illegally modified the program id of an account",
        .externalAccountLamportSpend: "instruction spent from the balance of an account it does not own",
        .externalAccountDataModified: "instruction modified data of an account it does not own",
        .readonlyLamportChange: "instruction changed the balance of a read-only account",
        .readonlyDataModified: "instruction modified data of a read-only account",
        .notEnoughAccountKeys: "insufficient account keys for instruction",
        .accountDataSizeChanged: "program other than the account's owner changed the size of the account data",
        .invalidError: "program returned invalid error code",
        .unsupportedProgramId: "Unsupported program id",
        .callDepth: "Cross-program invocation call depth too deep",
        .missingAccount: "An account required by the instruction is missing",
        .reentrancyNotAllowed: "Cross-program invocation reentrancy not allowed for this instruction",
        .maxSeedLengthExceeded: "Length of the seed is too long for address generation",
        .invalidSeeds: "Provided seeds do not result in a valid address",
        .invalidRealloc: "Failed to reallocate account data",
        .computationalBudgetExceeded: "Computational budget exceeded",
        .privilegeEscalation: "Cross-program invocation with unauthorized signer or writable account",
        .programFailedToComplete: "Program failed to complete",
        .immutable: "Account is immutable",
        .incorrectAuthority: "Incorrect authority provided",
        .borshIoError: "Failed to serialize or deserialize account data",
        .accountNotRentExempt: "An account does not have enough lamports to be rent-exempt",
        .invalidAccountOwner: "Invalid account owner",
        .arithmeticOverflow: "Program arithmetic overflowed",
        .unsupportedSysvar: "Unsupported sysvar",
        .illegalOwner: "Provided owner is not allowed",
        .maxAccountsDataAllocationsExceeded: "Accounts data allocations exceeded the maximum allowed per transaction",
    ]
}
