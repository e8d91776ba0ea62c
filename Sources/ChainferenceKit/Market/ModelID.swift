import MarketProgram
import SodiumCrypto

/// The name under which a model is offered and asked for, normally its Hugging Face id.
///
/// The chain compares models by the SHA-256 of this exact spelling, so the same model under two spellings is two models.
/// Only visible ASCII is allowed: ids come from strangers' accounts and end up on terminals.
public struct ModelID: Hashable, Sendable {
    /// The most bytes an id may have.
    public static let maximumLength = MarketLimits.modelIDLength

    /// The id as it was written, such as `meta-llama/Llama-3.1-8B-Instruct`.
    public let name: String

    /// SHA-256 of the id's bytes: what listings and requests are matched by.
    public let hash: ModelHash

    /// Checks and adopts an id.
    ///
    /// - Parameter name: 1 to ``maximumLength`` bytes of visible ASCII.
    /// - Throws: ``InvalidModelID``.
    public init(validating name: String) throws(InvalidModelID) {
        let bytes = Array(name.utf8)
        guard !bytes.isEmpty else { throw .empty }
        guard bytes.count <= Self.maximumLength else { throw .tooLong(bytes: bytes.count) }
        guard let bad = bytes.firstIndex(where: { !(0x21...0x7E).contains($0) }) else {
            self.name = name
            self.hash = ModelHash(sha256Of: bytes)
            return
        }
        throw .notVisibleASCII(offset: bad)
    }
}

/// The SHA-256 of a model id.
public struct ModelHash: Hashable, Sendable {
    /// The 32 bytes.
    public let bytes: [UInt8]

    /// Adopts a digest that was read from an account.
    ///
    /// - Parameter bytes: 32 bytes, else nil is returned.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 32 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Hashes an id's bytes.
    init(sha256Of bytes: [UInt8]) {
        self.bytes = SHA256.hash(bytes)
    }
}

/// Why a string is no model id.
public enum InvalidModelID: Error, Hashable, Sendable, CustomStringConvertible {
    /// There is nothing in it.
    case empty
    /// It is longer than ``ModelID/maximumLength``.
    case tooLong(bytes: Int)
    /// The byte at `offset` is a space, a control character or not ASCII.
    case notVisibleASCII(offset: Int)

    /// What is wrong, and what an id looks like.
    public var description: String {
        switch self {
        case .empty:
            "A model id can't be empty; use the Hugging Face id, such as meta-llama/Llama-3.1-8B-Instruct."
        case .tooLong(let bytes):
            "The model id has \(bytes) bytes; at most \(ModelID.maximumLength) fit on the chain."
        case .notVisibleASCII(let offset):
            "The model id has a space or a character outside visible ASCII at byte \(offset)."
        }
    }
}

extension ModelID: ExpressibleByStringLiteral {
    /// Adopts an id written in source code.
    ///
    /// - Precondition: The literal is a valid id; use ``init(validating:)`` for anything read at run time.
    public init(stringLiteral value: StaticString) {
        do {
            try self.init(validating: value.description)
        } catch {
            preconditionFailure("\(error)")
        }
    }
}

extension ModelID: CustomStringConvertible {
    /// The id.
    public var description: String { name }
}

extension ModelHash: CustomStringConvertible {
    /// Lowercase hexadecimal.
    public var description: String { bytes.hexadecimal }
}

extension [UInt8] {
    /// Lowercase hexadecimal, two digits a byte.
    package var hexadecimal: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
