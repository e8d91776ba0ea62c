/// A message of the first format: all its accounts are listed in it.
public struct LegacyMessage: Hashable, Sendable {
    /// How the accounts divide into privilege classes.
    public var header: MessageHeader

    /// All accounts, the fee payer first.
    public var accounts: [Address]

    /// The recent blockhash, or the value of a durable nonce.
    public var recentBlockhash: Blockhash

    /// The calls, in the order in which they run.
    public var instructions: [CompiledInstruction]

    /// A message of parts that are already compiled; ``sanitize()`` checks them.
    public init(
        header: MessageHeader,
        accounts: [Address],
        recentBlockhash: Blockhash,
        instructions: [CompiledInstruction]
    ) {
        self.header = header
        self.accounts = accounts
        self.recentBlockhash = recentBlockhash
        self.instructions = instructions
    }

    /// Compiles instructions, byte for byte as the Rust SDK does.
    ///
    /// - Parameters:
    ///   - feePayer: Who pays, signs first, and is listed first.
    ///   - instructions: The calls, in the order in which they run.
    ///   - recentBlockhash: A recent blockhash, or the value of a durable nonce.
    /// - Throws: ``MessageError`` if an index of one byte cannot name all accounts.
    public init(
        feePayer: Address,
        instructions: [Instruction],
        recentBlockhash: Blockhash = .zero
    ) throws(MessageError) {
        var keys = CompiledKeys(feePayer: feePayer, instructions: instructions)
        let accounts = try keys.assignIndices()
        self.header = keys.header
        self.accounts = accounts
        self.recentBlockhash = recentBlockhash
        self.instructions = keys.compile(instructions)
    }

    /// Checks what the runtime checks before it looks at signatures, and that no account is listed twice.
    public func sanitize() throws(MessageError) {
        try header.sanitize(accountCount: accounts.count)
        try instructions.sanitize(staticCount: accounts.count, totalCount: accounts.count)
        try accounts.checkForDuplicates()
    }

    /// The wire format.
    public func serialized() throws(MessageError) -> [UInt8] {
        var bytes: [UInt8] = []
        try append(to: &bytes)
        return bytes
    }
}

extension LegacyMessage {
    func append(to bytes: inout [UInt8]) throws(MessageError) {
        try bytes.append(header, accounts, recentBlockhash, instructions)
    }

    init(from reader: inout WireReader) throws(MessageError) {
        self.header = try reader.readHeader()
        self.accounts = try reader.readList(minimumByteCount: 32) { reader throws(MessageError) in
            try reader.read(Address.self)
        }
        self.recentBlockhash = try reader.read(Blockhash.self)
        self.instructions = try reader.readInstructions()
    }
}
