/// A message of any format that this library knows.
///
/// The network will add formats; decoding one of those throws ``MessageError/unsupportedVersion(_:)``.
public enum VersionedMessage: Hashable, Sendable {
    /// The first format.
    case legacy(LegacyMessage)

    /// Version 0, with address tables.
    case v0(MessageV0)
}

extension VersionedMessage {
    /// Reads the wire format; nothing may follow it.
    ///
    /// Checks the encoding alone: ``sanitize()`` checks the content.
    public init(decoding bytes: some Collection<UInt8>) throws(MessageError) {
        var reader = WireReader(Array(bytes))
        try self.init(from: &reader)
        try reader.finish()
    }

    init(from reader: inout WireReader) throws(MessageError) {
        let first = try reader.peek()
        guard first & 0x80 != 0 else {
            self = try .legacy(LegacyMessage(from: &reader))
            return
        }
        guard first == 0x80 else { throw .unsupportedVersion(first & 0x7f) }
        _ = try reader.readByte()
        self = try .v0(MessageV0(from: &reader))
    }

    /// The wire format.
    public func serialized() throws(MessageError) -> [UInt8] {
        switch self {
        case .legacy(let message): try message.serialized()
        case .v0(let message): try message.serialized()
        }
    }

    /// Checks what the runtime checks before it looks at signatures, and that no account is listed twice.
    public func sanitize() throws(MessageError) {
        switch self {
        case .legacy(let message): try message.sanitize()
        case .v0(let message): try message.sanitize()
        }
    }

    /// How the message's own accounts divide into privilege classes.
    public var header: MessageHeader {
        switch self {
        case .legacy(let message): message.header
        case .v0(let message): message.header
        }
    }

    /// The message's own accounts, the fee payer first; those in address tables are not among them.
    public var accounts: [Address] {
        switch self {
        case .legacy(let message): message.accounts
        case .v0(let message): message.accounts
        }
    }

    /// The recent blockhash, or the value of a durable nonce.
    public var recentBlockhash: Blockhash {
        switch self {
        case .legacy(let message): message.recentBlockhash
        case .v0(let message): message.recentBlockhash
        }
    }

    /// The calls, in the order in which they run.
    public var instructions: [CompiledInstruction] {
        switch self {
        case .legacy(let message): message.instructions
        case .v0(let message): message.instructions
        }
    }

    /// What is loaded from address tables.
    public var lookups: [AddressTableLookup] {
        switch self {
        case .legacy: []
        case .v0(let message): message.lookups
        }
    }

    /// The accounts that must sign, the fee payer first.
    public var signers: ArraySlice<Address> {
        accounts.prefix(Int(header.requiredSignatures))
    }

    /// Who pays; `nil` in a message that lists no account at all.
    public var feePayer: Address? { accounts.first }

    /// Whether the account at `index` of ``accounts`` must sign.
    public func isSigner(_ index: Int) -> Bool {
        index < Int(header.requiredSignatures)
    }

    /// Whether the message asks to write the account at `index` of ``accounts``.
    ///
    /// The runtime demotes programs and reserved accounts further.
    public func isWritable(_ index: Int) -> Bool {
        let signers = Int(header.requiredSignatures)
        if index < signers { return index < signers - Int(header.readonlySigned) }
        return index < accounts.count - Int(header.readonlyUnsigned)
    }
}
