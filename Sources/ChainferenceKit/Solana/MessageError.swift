/// What is wrong with a message or a transaction: its bytes, its content, or what it was to be made of.
public enum MessageError: Error, Hashable, Sendable {
    // MARK: Bytes

    /// The bytes end in the middle of something.
    case truncated(offset: Int)

    /// Bytes are left over after the end.
    case trailingBytes(count: Int)

    /// A count is not in its shortest form, or larger than 65,535.
    case invalidLength(offset: Int)

    /// A version of messages that this library does not know.
    case unsupportedVersion(UInt8)

    // MARK: Content, by the rules of the runtime

    /// The header asks for more accounts than there are, or leaves no writable fee payer.
    case invalidHeader(MessageHeader, accountCount: Int)

    /// More accounts than an index of one byte can name.
    case tooManyAccounts(count: Int)

    /// An instruction names a program that is not among the message's own accounts.
    case programIndexOutOfRange(instruction: Int, index: UInt8)

    /// An instruction calls the fee payer.
    case programIsFeePayer(instruction: Int)

    /// An instruction names an account that is not there.
    case accountIndexOutOfRange(instruction: Int, index: UInt8)

    /// A lookup in an address table loads nothing.
    case emptyLookup(index: Int)

    /// The same account is listed twice.
    case duplicateAccount(Address)

    /// The number of signatures is not what the header asks for.
    case wrongSignatureCount(expected: Int, actual: Int)

    // MARK: Making one

    /// An address table has more than 256 addresses, so that one of them cannot be named.
    case lookupIndexTooLarge(table: Address, index: Int)

    /// Something is listed more often than a count of 16 bits can say.
    case countTooLarge(Int)

    /// The transaction is larger than the network carries.
    case tooLarge(byteCount: Int, maximum: Int)
}

extension MessageError {
    /// Whether the bytes could be read, but what they say breaks the runtime's rules.
    public var isSanitizeFailure: Bool {
        switch self {
        case .truncated, .trailingBytes, .invalidLength, .unsupportedVersion: false
        case .invalidHeader, .tooManyAccounts, .programIndexOutOfRange, .programIsFeePayer: true
        case .accountIndexOutOfRange, .emptyLookup, .duplicateAccount, .wrongSignatureCount: true
        case .lookupIndexTooLarge, .countTooLarge, .tooLarge: false
        }
    }
}

extension MessageError: CustomStringConvertible {
    /// What happened, in a sentence.
    public var description: String {
        switch self {
        case .truncated(let offset): "the bytes end too early, at \(offset)"
        case .trailingBytes(let count): "\(count) bytes are left over after the end"
        case .invalidLength(let offset): "the count at byte \(offset) is not in its shortest form or above 65,535"
        case .unsupportedVersion(let version): "messages of version \(version) are not supported: use legacy or 0"
        case .invalidHeader(let header, let count):
            """
            the header asks for \(header.requiredSignatures) signers (\(header.readonlySigned) read-only) and \
            \(header.readonlyUnsigned) other read-only accounts, which does not fit \(count) accounts and a fee payer
            """
        case .tooManyAccounts(let count): "\(count) accounts are too many: an index of one byte names at most 256"
        case .programIndexOutOfRange(let instruction, let index):
            "instruction \(instruction) calls account \(index), which is not among the message's own accounts"
        case .programIsFeePayer(let instruction): "instruction \(instruction) calls the fee payer"
        case .accountIndexOutOfRange(let instruction, let index):
            "instruction \(instruction) uses account \(index), which is not there"
        case .emptyLookup(let index): "address table lookup \(index) loads no account"
        case .duplicateAccount(let address): "\(address) is listed twice"
        case .wrongSignatureCount(let expected, let actual): "\(expected) signatures are needed, there are \(actual)"
        case .lookupIndexTooLarge(let table, let index):
            "address \(index) of the table \(table) cannot be named: tables have at most 256 addresses"
        case .countTooLarge(let count): "a list of \(count) is too long: at most 65,535 fit"
        case .tooLarge(let count, let maximum):
            "the transaction has \(count) bytes, the network carries \(maximum): use fewer accounts or a lookup table"
        }
    }
}
