/// Somebody who can sign for an address.
public protocol Signer: Sendable {
    /// The address that signatures are good for.
    var address: Address { get }

    /// The signature of `message`.
    ///
    /// A signer that cannot sign now, but must keep its place, gives ``Signature/zero``.
    func sign(_ message: [UInt8]) throws -> Signature
}

/// A signature that was made elsewhere, standing in for its key: for offline signing.
public struct Presigner: Signer {
    /// The address of the absent key.
    public let address: Address

    /// The signature that it made.
    public let signature: Signature

    /// A stand-in for the key of `address`, which made `signature`.
    public init(address: Address, signature: Signature) {
        self.address = address
        self.signature = signature
    }

    /// The signature, if it belongs to `message`.
    ///
    /// - Throws: ``SigningError/invalidSignature(_:)`` if it belongs to another message.
    public func sign(_ message: [UInt8]) throws -> Signature {
        guard signature.verify(message, by: address) else { throw SigningError.invalidSignature(address) }
        return signature
    }
}

/// A key that will sign later and elsewhere; keeps its place with ``Signature/zero``.
public struct NullSigner: Signer {
    /// The address of the absent key.
    public let address: Address

    /// A place for the key of `address`.
    public init(address: Address) {
        self.address = address
    }

    /// The zero signature.
    public func sign(_ message: [UInt8]) -> Signature { .zero }
}

/// Why a transaction could not be signed or its signatures do not hold.
public enum SigningError: Error, Hashable, Sendable {
    /// These signatures are still missing.
    case missingSignatures([Address])

    /// The transaction does not ask for a signature of this address.
    case unexpectedSigner(Address)

    /// The signature of this address is not over this message, or was made by another key.
    case invalidSignature(Address)
}

extension SigningError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .missingSignatures(let addresses):
            "signatures of \(addresses.map(\.base58).joined(separator: ", ")) are missing: sign with these keys too"
        case .unexpectedSigner(let address):
            "\(address) does not sign this transaction: is it the right key, and is its account marked as a signer?"
        case .invalidSignature(let address):
            "the signature of \(address) does not fit the message: sign again, the message was changed since"
        }
    }
}
