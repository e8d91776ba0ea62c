import SodiumCrypto

/// Why a Noise message could not be written or read.
public enum NoiseError: Error, Hashable, Sendable {
    /// The message is not authentic.
    case notAuthentic
    /// The message is too short for its pattern, or longer than 65,535 bytes.
    case messageLength(Int)
    /// A peer's key is a point of low order.
    case zeroSharedSecret
    /// The key has been used for 2⁶⁴ − 1 messages; the last nonce is reserved.
    case nonceExhausted
    /// It is the other side's turn, or the handshake is over, or not yet over.
    case outOfTurn
    /// A message failed before; the handshake can't go on.
    case failedBefore
    /// The pattern needs a key that was not given.
    case missingKey(String)
}

extension NoiseError: CustomStringConvertible {
    /// What happened.
    public var description: String {
        switch self {
        case .notAuthentic: "a message is not authentic"
        case .messageLength(let length): "a message of \(length) bytes"
        case .zeroSharedSecret: "a key of low order"
        case .nonceExhausted: "no nonces are left"
        case .outOfTurn: "a message out of turn"
        case .failedBefore: "an earlier message failed"
        case .missingKey(let which): "the \(which) is missing"
        }
    }
}

extension NoiseError {
    init(_ error: X25519.KeyError) {
        switch error {
        case .zeroSharedSecret: self = .zeroSharedSecret
        case .wrongLength(let count): self = .messageLength(count)
        }
    }
}
