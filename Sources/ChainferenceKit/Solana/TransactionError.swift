/// Why the cluster refused a transaction or why it failed, as the runtime names it.
public enum TransactionError: Error, Hashable, Sendable {
    /// An account is being used by another transaction.
    case accountInUse

    /// An account is listed twice.
    case accountLoadedTwice

    /// The fee payer does not exist: send it some lamports first.
    case accountNotFound

    /// A program that is called does not exist.
    case programAccountNotFound

    /// The fee payer cannot pay the fee.
    case insufficientFundsForFee

    /// The fee payer is no plain account of the system program.
    case invalidAccountForFee

    /// The transaction has been processed already.
    case alreadyProcessed

    /// The blockhash is unknown or has expired: sign again with a fresh one.
    case blockhashNotFound

    /// Loaders called each other too deeply.
    case callChainTooDeep

    /// The fee payer has not signed.
    case missingSignatureForFee

    /// An index names no account.
    case invalidAccountIndex

    /// A signature does not fit the message.
    case signatureFailure

    /// An account that is called is no program.
    case invalidProgramForExecution

    /// The transaction breaks the rules of the format.
    case sanitizeFailure

    /// The cluster takes no transactions at the moment.
    case clusterMaintenance

    /// An account was still borrowed at the end.
    case accountBorrowOutstanding

    /// The block is full: send again.
    case wouldExceedMaxBlockCostLimit

    /// The cluster does not know the message's version.
    case unsupportedVersion

    /// An account that may not be written was asked for writing.
    case invalidWritableAccount

    /// An account is used too much in this block: send again.
    case wouldExceedMaxAccountCostLimit

    /// The block allocates too much account data: send again.
    case wouldExceedAccountDataBlockLimit

    /// The transaction uses too many accounts.
    case tooManyAccountLocks

    /// An address table does not exist.
    case addressLookupTableNotFound

    /// An account named as an address table is none.
    case invalidAddressLookupTableOwner

    /// The data of an address table could not be read.
    case invalidAddressLookupTableData

    /// An index names no address of the table.
    case invalidAddressLookupTableIndex

    /// An account would be left with less than the rent-exempt minimum.
    case invalidRentPayingAccount

    /// The block has no room for more votes.
    case wouldExceedMaxVoteCostLimit

    /// The cluster holds too much account data.
    case wouldExceedAccountDataTotalLimit

    /// The accounts of the transaction are larger than its limit.
    case maxLoadedAccountsDataSizeExceeded

    /// The limit for the accounts' size may not be zero.
    case invalidLoadedAccountsDataSizeLimit

    /// The transaction must be checked again.
    case resanitizationNeeded

    /// The lamports before and after the transaction differ.
    case unbalancedTransaction

    /// The node holds too many programs.
    case programCacheHitMaxLimit

    /// The node gave the transaction up before it took effect.
    case commitCancelled

    /// An instruction failed; all that the transaction did is undone, only the fee is paid.
    case instructionError(index: UInt8, InstructionError)

    /// The same instruction to the compute-budget program is there twice.
    case duplicateInstruction(index: UInt8)

    /// The account at this place would be left with less than the rent-exempt minimum, and not with nothing.
    case insufficientFundsForRent(accountIndex: UInt8)

    /// The account at this place may not be used at the moment.
    case programExecutionTemporarilyRestricted(accountIndex: UInt8)

    /// An error that this library does not know yet, by the runtime's name.
    case unrecognized(String)
}

extension TransactionError {
    /// Every error without a payload beside its name in the runtime and in JSON-RPC.
    static let names: [(error: TransactionError, name: String)] = [
        (.accountInUse, "AccountInUse"),
        (.accountLoadedTwice, "AccountLoadedTwice"),
        (.accountNotFound, "AccountNotFound"),
        (.programAccountNotFound, "ProgramAccountNotFound"),
        (.insufficientFundsForFee, "InsufficientFundsForFee"),
        (.invalidAccountForFee, "InvalidAccountForFee"),
        (.alreadyProcessed, "AlreadyProcessed"),
        (.blockhashNotFound, "BlockhashNotFound"),
        (.callChainTooDeep, "CallChainTooDeep"),
        (.missingSignatureForFee, "MissingSignatureForFee"),
        (.invalidAccountIndex, "InvalidAccountIndex"),
        (.signatureFailure, "SignatureFailure"),
        (.invalidProgramForExecution, "InvalidProgramForExecution"),
        (.sanitizeFailure, "SanitizeFailure"),
        (.clusterMaintenance, "ClusterMaintenance"),
        (.accountBorrowOutstanding, "AccountBorrowOutstanding"),
        (.wouldExceedMaxBlockCostLimit, "WouldExceedMaxBlockCostLimit"),
        (.unsupportedVersion, "UnsupportedVersion"),
        (.invalidWritableAccount, "InvalidWritableAccount"),
        (.wouldExceedMaxAccountCostLimit, "WouldExceedMaxAccountCostLimit"),
        (.wouldExceedAccountDataBlockLimit, "WouldExceedAccountDataBlockLimit"),
        (.tooManyAccountLocks, "TooManyAccountLocks"),
        (.addressLookupTableNotFound, "AddressLookupTableNotFound"),
        (.invalidAddressLookupTableOwner, "InvalidAddressLookupTableOwner"),
        (.invalidAddressLookupTableData, "InvalidAddressLookupTableData"),
        (.invalidAddressLookupTableIndex, "InvalidAddressLookupTableIndex"),
        (.invalidRentPayingAccount, "InvalidRentPayingAccount"),
        (.wouldExceedMaxVoteCostLimit, "WouldExceedMaxVoteCostLimit"),
        (.wouldExceedAccountDataTotalLimit, "WouldExceedAccountDataTotalLimit"),
        (.maxLoadedAccountsDataSizeExceeded, "MaxLoadedAccountsDataSizeExceeded"),
        (.invalidLoadedAccountsDataSizeLimit, "InvalidLoadedAccountsDataSizeLimit"),
        (.resanitizationNeeded, "ResanitizationNeeded"),
        (.unbalancedTransaction, "UnbalancedTransaction"),
        (.programCacheHitMaxLimit, "ProgramCacheHitMaxLimit"),
        (.commitCancelled, "CommitCancelled"),
    ]

    /// The name in the runtime and in JSON-RPC, such as `BlockhashNotFound`.
    public var name: String {
        switch self {
        case .instructionError: "InstructionError"
        case .duplicateInstruction: "DuplicateInstruction"
        case .insufficientFundsForRent: "InsufficientFundsForRent"
        case .programExecutionTemporarilyRestricted: "ProgramExecutionTemporarilyRestricted"
        case .unrecognized(let name): name
        default: Self.names.first { $0.error == self }?.name ?? "SanitizeFailure"
        }
    }

    /// The error without a payload that the runtime calls `name`; an unknown name is kept as ``unrecognized(_:)``.
    public init(name: String) {
        self = Self.names.first { $0.name == name }?.error ?? .unrecognized(name)
    }
}

extension TransactionError: CustomStringConvertible {
    /// The runtime's name and what it is about.
    public var description: String {
        switch self {
        case .instructionError(let index, let error): "instruction \(index) failed: \(error)"
        case .duplicateInstruction(let index): "instruction \(index) is there twice"
        case .insufficientFundsForRent(let index): "account \(index) would be left below the rent-exempt minimum"
        case .programExecutionTemporarilyRestricted(let index): "account \(index) may not be used at the moment"
        default: name
        }
    }
}
