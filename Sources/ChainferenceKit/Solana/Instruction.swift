/// An account that an instruction uses, and what it may do with it.
public struct AccountMeta: Hashable, Sendable {
    /// The account.
    public var address: Address

    /// Whether the account's key must sign the transaction.
    public var isSigner: Bool

    /// Whether the program may change the account.
    public var isWritable: Bool

    /// An account with its privileges.
    public init(address: Address, isSigner: Bool, isWritable: Bool) {
        self.address = address
        self.isSigner = isSigner
        self.isWritable = isWritable
    }

    /// An account that signs and may be changed.
    public static func writableSigner(_ address: Address) -> AccountMeta {
        AccountMeta(address: address, isSigner: true, isWritable: true)
    }

    /// An account that signs and stays as it is.
    public static func readonlySigner(_ address: Address) -> AccountMeta {
        AccountMeta(address: address, isSigner: true, isWritable: false)
    }

    /// An account that may be changed without its signature.
    public static func writable(_ address: Address) -> AccountMeta {
        AccountMeta(address: address, isSigner: false, isWritable: true)
    }

    /// An account that is only read.
    public static func readonly(_ address: Address) -> AccountMeta {
        AccountMeta(address: address, isSigner: false, isWritable: false)
    }
}

/// One call of a program.
public struct Instruction: Hashable, Sendable {
    /// The program that is called.
    public var program: Address

    /// The accounts that it gets, in the order that it expects.
    public var accounts: [AccountMeta]

    /// What it is told, in its own encoding.
    public var data: [UInt8]

    /// A call of `program`.
    public init(program: Address, accounts: [AccountMeta], data: [UInt8]) {
        self.program = program
        self.accounts = accounts
        self.data = data
    }
}
