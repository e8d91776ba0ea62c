/// A message and the signatures over its bytes.
///
/// ```swift
/// var transaction = try Transaction(
///     feePayer: payer.address,
///     instructions: [SystemProgram.transfer(from: payer.address, to: friend, lamports: 5_000)],
///     recentBlockhash: blockhash
/// )
/// try transaction.sign(by: [payer])
/// let wire = try transaction.serialized()
/// ```
public struct Transaction: Hashable, Sendable {
    /// The most bytes that the network carries.
    public static let maximumByteCount = 1_232

    /// The signatures in the order of ``signers``; ``Signature/zero`` where one is missing.
    public private(set) var signatures: [Signature]

    /// What is signed.
    public let message: VersionedMessage

    /// What is signed, byte for byte as it was received or compiled.
    public let messageBytes: [UInt8]

    /// An unsigned transaction.
    ///
    /// - Throws: ``MessageError`` if the message breaks the runtime's rules.
    public init(message: VersionedMessage) throws(MessageError) {
        try message.sanitize()
        self.message = message
        self.messageBytes = try message.serialized()
        self.signatures = Array(repeating: .zero, count: Int(message.header.requiredSignatures))
    }

    /// An unsigned transaction of instructions: a legacy message, or version 0 if there are lookup tables.
    public init(
        feePayer: Address,
        instructions: [Instruction],
        lookupTables: [AddressLookupTable] = [],
        recentBlockhash: Blockhash
    ) throws(MessageError) {
        if lookupTables.isEmpty {
            let message = try LegacyMessage(
                feePayer: feePayer,
                instructions: instructions,
                recentBlockhash: recentBlockhash
            )
            try self.init(message: .legacy(message))
        } else {
            let message = try MessageV0(
                feePayer: feePayer,
                instructions: instructions,
                lookupTables: lookupTables,
                recentBlockhash: recentBlockhash
            )
            try self.init(message: .v0(message))
        }
    }

    /// Reads the wire format; nothing may follow it, and the content must keep the runtime's rules.
    ///
    /// Signatures are not verified: ``verifySignatures()`` does.
    ///
    /// - Throws: ``MessageError``; ``MessageError/isSanitizeFailure`` tells bad bytes from bad content.
    public init(decoding bytes: some Collection<UInt8>) throws(MessageError) {
        var reader = WireReader(Array(bytes))
        self.signatures = try reader.readList(minimumByteCount: Signature.byteCount) { reader throws(MessageError) in
            try reader.read(Signature.self)
        }
        self.messageBytes = reader.rest()
        self.message = try VersionedMessage(from: &reader)
        try reader.finish()
        let expected = Int(message.header.requiredSignatures)
        guard signatures.count == expected else {
            throw .wrongSignatureCount(expected: expected, actual: signatures.count)
        }
        try message.sanitize()
    }
}

extension Transaction {
    /// The accounts that must sign, the fee payer first.
    public var signers: ArraySlice<Address> { message.signers }

    /// The accounts whose signatures are missing.
    public var missingSigners: [Address] {
        zip(signers, signatures).filter { $1 == .zero }.map { $0.0 }
    }

    /// The transaction's id: the fee payer's signature; `nil` until it is there.
    public var id: Signature? {
        signatures.first.flatMap { $0 == .zero ? nil : $0 }
    }

    /// Signs with some keys; the transaction must have all its signatures then.
    ///
    /// - Throws: ``SigningError`` or what a signer throws; the signatures stay as they were.
    public mutating func sign(by signers: [any Signer]) throws {
        var copy = self
        try copy.partiallySign(by: signers)
        let missing = copy.missingSigners
        guard missing.isEmpty else { throw SigningError.missingSignatures(missing) }
        self = copy
    }

    /// Signs with some keys; other signatures may be missing, for others to add.
    ///
    /// - Throws: ``SigningError/unexpectedSigner(_:)`` or what a signer throws; the signatures stay as they were.
    public mutating func partiallySign(by signers: [any Signer]) throws {
        var signatures = signatures
        for signer in signers {
            guard let place = self.signers.firstIndex(of: signer.address) else {
                throw SigningError.unexpectedSigner(signer.address)
            }
            let signature = try signer.sign(messageBytes)
            if signature != .zero { signatures[place] = signature }
        }
        self.signatures = signatures
    }

    /// Enters a signature that was made elsewhere, after verifying it.
    public mutating func addSignature(_ signature: Signature, by address: Address) throws(SigningError) {
        guard let place = signers.firstIndex(of: address) else { throw .unexpectedSigner(address) }
        guard signature.verify(messageBytes, by: address) else { throw .invalidSignature(address) }
        signatures[place] = signature
    }

    /// Verifies all signatures.
    public func verifySignatures() throws(SigningError) {
        if signatures.contains(.zero) { throw .missingSignatures(missingSigners) }
        for (address, signature) in zip(signers, signatures) where !signature.verify(messageBytes, by: address) {
            throw .invalidSignature(address)
        }
    }

    /// The wire format; missing signatures are zeros, so that the others can be collected elsewhere.
    ///
    /// - Throws: ``MessageError/tooLarge(byteCount:maximum:)`` if the network would not carry it.
    public func serialized() throws(MessageError) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(3 + signatures.count * Signature.byteCount + messageBytes.count)
        try bytes.appendCount(signatures.count)
        for signature in signatures { bytes.append(signature) }
        bytes += messageBytes
        guard bytes.count <= Self.maximumByteCount else {
            throw .tooLarge(byteCount: bytes.count, maximum: Self.maximumByteCount)
        }
        return bytes
    }
}
