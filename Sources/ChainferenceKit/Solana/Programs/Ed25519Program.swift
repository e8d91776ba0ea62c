import SodiumCrypto

/// The program that checks Ed25519 signatures before a transaction runs; other programs read what it was told.
///
/// It cannot be called by programs, uses no accounts, and costs the fee of one signature for each that it checks.
public enum Ed25519Program {
    /// The program's id.
    public static let id = Address(literal: "Ed25519SigVerify111111111111111111111111111")

    /// Checks one signature, everything inline in the canonical place.
    ///
    /// ```text
    /// 01 00 | 48, ffff | 16, ffff | 112, count, ffff | key 32 | signature 64 | message
    /// ```
    ///
    /// - Precondition: The message has at most 65,423 bytes; no transaction carries nearly as many.
    public static func verify(signature: Signature, by address: Address, message: [UInt8]) -> Instruction {
        Instruction(
            program: id,
            accounts: [],
            data: SingleEd25519Signature(address: address, signature: signature, message: message).data
        )
    }
}

/// One signature in the layout that ``Ed25519Program/verify(signature:by:message:)`` writes, and no other.
public struct SingleEd25519Signature: Hashable, Sendable {
    /// Who signed.
    public var address: Address

    /// The signature.
    public var signature: Signature

    /// What was signed.
    public var message: [UInt8]

    /// A signature with what it belongs to; nothing is verified.
    public init(address: Address, signature: Signature, message: [UInt8]) {
        self.address = address
        self.signature = signature
        self.message = message
    }

    private static let headerByteCount = 16
    private static let messageOffset = 112

    private static func header(messageCount: UInt16) -> [UInt8] {
        let fields: [UInt16] = [48, 0xffff, 16, 0xffff, UInt16(messageOffset), messageCount, 0xffff]
        return [1, 0] + fields.flatMap(\.littleEndianBytes)
    }

    /// The instruction's data.
    public var data: [UInt8] {
        precondition(message.count <= Int(UInt16.max) - Self.messageOffset, "the message is too long")
        var bytes = Self.header(messageCount: UInt16(message.count))
        bytes.reserveCapacity(Self.messageOffset + message.count)
        bytes.append(address)
        bytes.append(signature)
        bytes += message
        return bytes
    }

    /// What an instruction's data say; `nil` unless every count, offset and index is the canonical one.
    ///
    /// A program that relies on signatures must be as strict: with other offsets, what is verified need not be what is
    /// read here.
    public init?(decoding data: some Collection<UInt8>) {
        let data = Array(data)
        guard data.count >= Self.messageOffset,
            let count = UInt16(exactly: data.count - Self.messageOffset),
            data.prefix(Self.headerByteCount).elementsEqual(Self.header(messageCount: count)),
            let address = try? Address(bytes: data[16..<48]),
            let signature = try? Signature(bytes: data[48..<112])
        else { return nil }
        self.init(address: address, signature: signature, message: Array(data[112...]))
    }

    /// Whether the signature fits.
    public var isValid: Bool { signature.verify(message, by: address) }
}
