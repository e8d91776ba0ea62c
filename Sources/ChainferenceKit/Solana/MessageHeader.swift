/// How the accounts of a message divide into privilege classes; they are listed in this order.
///
/// Signers that may be written (the fee payer first), signers that are only read, others that may be written, others that
/// are only read.
public struct MessageHeader: Hashable, Sendable {
    /// How many accounts, from the first on, must sign.
    public var requiredSignatures: UInt8

    /// How many of the signers, the last ones, are only read.
    public var readonlySigned: UInt8

    /// How many of the other accounts, the last ones, are only read.
    public var readonlyUnsigned: UInt8

    /// A division of accounts.
    public init(requiredSignatures: UInt8, readonlySigned: UInt8, readonlyUnsigned: UInt8) {
        self.requiredSignatures = requiredSignatures
        self.readonlySigned = readonlySigned
        self.readonlyUnsigned = readonlyUnsigned
    }
}

/// One call of a program, with accounts named by their place in the message.
public struct CompiledInstruction: Hashable, Sendable {
    /// The place of the program among the accounts.
    public var programIndex: UInt8

    /// The places of the accounts that it gets.
    public var accountIndices: [UInt8]

    /// What the program is told.
    public var data: [UInt8]

    /// A call of the program at `programIndex`.
    public init(programIndex: UInt8, accountIndices: [UInt8], data: [UInt8]) {
        self.programIndex = programIndex
        self.accountIndices = accountIndices
        self.data = data
    }
}

/// A list of addresses that is stored on the chain, so that messages can name them by one byte each.
public struct AddressLookupTable: Hashable, Sendable {
    /// The account that holds the table.
    public var address: Address

    /// The addresses in it, in order.
    public var addresses: [Address]

    /// A table with its content.
    public init(address: Address, addresses: [Address]) {
        self.address = address
        self.addresses = addresses
    }
}

/// What a message loads from one address table.
public struct AddressTableLookup: Hashable, Sendable {
    /// The account that holds the table.
    public var table: Address

    /// The places in the table of the accounts that may be written.
    public var writableIndices: [UInt8]

    /// The places in the table of the accounts that are only read.
    public var readonlyIndices: [UInt8]

    /// A lookup in the table at `table`.
    public init(table: Address, writableIndices: [UInt8], readonlyIndices: [UInt8]) {
        self.table = table
        self.writableIndices = writableIndices
        self.readonlyIndices = readonlyIndices
    }
}
