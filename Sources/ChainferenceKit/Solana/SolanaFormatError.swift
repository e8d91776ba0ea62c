/// What is wrong with the text or the bytes of an address, a blockhash or a signature.
public enum SolanaFormatError: Error, Hashable, Sendable {
    /// A character is no base58 digit; the position counts UTF-8 bytes from 0.
    case invalidCharacter(position: Int)

    /// The value has a size of its own, and this is not it.
    case wrongByteCount(expected: Int, actual: Int)

    /// The text stands for more bytes than the value can have.
    case tooLong(maximumByteCount: Int)
}

extension SolanaFormatError: CustomStringConvertible {
    /// What happened, in a sentence.
    public var description: String {
        switch self {
        case .invalidCharacter(let position):
            "character \(position) is no base58 digit (letters and digits without 0, O, I and l)"
        case .wrongByteCount(let expected, let actual):
            "\(expected) bytes are needed, these are \(actual)"
        case .tooLong(let maximum):
            "the text is too long: it must stand for at most \(maximum) bytes"
        }
    }
}
