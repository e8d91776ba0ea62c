/// A message of version 0: some of its accounts may be named by their place in address tables on the chain.
public struct MessageV0: Hashable, Sendable {
    /// How the message's own accounts divide into privilege classes.
    public var header: MessageHeader

    /// The message's own accounts, the fee payer first.
    public var accounts: [Address]

    /// The recent blockhash, or the value of a durable nonce.
    public var recentBlockhash: Blockhash

    /// The calls, in the order in which they run.
    public var instructions: [CompiledInstruction]

    /// What is loaded from address tables: indices go on there, first with all writable accounts, then with the others.
    public var lookups: [AddressTableLookup]

    /// A message of parts that are already compiled; ``sanitize()`` checks them.
    public init(
        header: MessageHeader,
        accounts: [Address],
        recentBlockhash: Blockhash,
        instructions: [CompiledInstruction],
        lookups: [AddressTableLookup] = []
    ) {
        self.header = header
        self.accounts = accounts
        self.recentBlockhash = recentBlockhash
        self.instructions = instructions
        self.lookups = lookups
    }

    /// Compiles instructions, byte for byte as the Rust SDK does.
    ///
    /// Signers and programs are never loaded from a table.
    ///
    /// - Parameters:
    ///   - feePayer: Who pays, signs first, and is listed first.
    ///   - instructions: The calls, in the order in which they run.
    ///   - lookupTables: Tables to shorten the message with; those that hold none of its accounts are left out.
    ///   - recentBlockhash: A recent blockhash, or the value of a durable nonce.
    /// - Throws: ``MessageError`` if an index of one byte cannot name all accounts.
    public init(
        feePayer: Address,
        instructions: [Instruction],
        lookupTables: [AddressLookupTable] = [],
        recentBlockhash: Blockhash = .zero
    ) throws(MessageError) {
        var keys = CompiledKeys(feePayer: feePayer, instructions: instructions)
        for table in lookupTables { try keys.take(from: table) }
        let accounts = try keys.assignIndices()
        self.header = keys.header
        self.accounts = accounts
        self.recentBlockhash = recentBlockhash
        self.instructions = keys.compile(instructions)
        self.lookups = keys.lookups
    }

    /// Checks what the runtime checks before it looks at signatures, and that no account is listed twice.
    ///
    /// Whether a loaded account is also listed is known only with the tables' content.
    public func sanitize() throws(MessageError) {
        try header.sanitize(accountCount: accounts.count)
        var total = accounts.count
        for (index, lookup) in lookups.enumerated() {
            let count = lookup.writableIndices.count + lookup.readonlyIndices.count
            guard count > 0 else { throw .emptyLookup(index: index) }
            total += count
        }
        guard total <= 256 else { throw .tooManyAccounts(count: total) }
        try instructions.sanitize(staticCount: accounts.count, totalCount: total)
        try accounts.checkForDuplicates()
    }

    /// The wire format, which starts with the version.
    public func serialized() throws(MessageError) -> [UInt8] {
        var bytes: [UInt8] = []
        try append(to: &bytes)
        return bytes
    }
}

extension MessageV0 {
    func append(to bytes: inout [UInt8]) throws(MessageError) {
        bytes.append(0x80)
        try bytes.append(header, accounts, recentBlockhash, instructions)
        try bytes.appendCount(lookups.count)
        for lookup in lookups {
            bytes.append(lookup.table)
            try bytes.appendCount(lookup.writableIndices.count)
            bytes += lookup.writableIndices
            try bytes.appendCount(lookup.readonlyIndices.count)
            bytes += lookup.readonlyIndices
        }
    }

    /// Reads what follows the version.
    init(from reader: inout WireReader) throws(MessageError) {
        let legacy = try LegacyMessage(from: &reader)
        self.header = legacy.header
        self.accounts = legacy.accounts
        self.recentBlockhash = legacy.recentBlockhash
        self.instructions = legacy.instructions
        self.lookups = try reader.readList(minimumByteCount: 34) { reader throws(MessageError) in
            try AddressTableLookup(
                table: reader.read(Address.self),
                writableIndices: reader.readByteList(),
                readonlyIndices: reader.readByteList()
            )
        }
    }
}
