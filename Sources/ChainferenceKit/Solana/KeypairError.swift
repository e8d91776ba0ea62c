#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a key could not be made, read or written.
public enum KeypairError: Error, Hashable, Sendable {
    /// A seed has 32 bytes, this one has another number of them.
    case wrongSeedByteCount(Int)

    /// A secret key has 64 bytes, this one has another number of them.
    case wrongSecretKeyByteCount(Int)

    /// The second half of the secret key is not the public key of the first.
    case mismatchedPublicKey

    /// The file is no JSON array of numbers from 0 to 255; the position counts bytes from 0.
    case malformedFile(path: String, position: Int)

    /// A file exists already and was left as it is.
    case fileExists(path: String)

    /// The system refused an operation on a file.
    case fileSystem(operation: String, path: String, code: Int32)
}

extension KeypairError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .wrongSeedByteCount(let count): "a seed has 32 bytes, this one has \(count)"
        case .wrongSecretKeyByteCount(let count): "a secret key has 64 bytes, this one has \(count)"
        case .mismatchedPublicKey:
            "the secret key's second half is not the public key of its first: the key is damaged, do not use it"
        case .malformedFile(let path, let position):
            "\(path) is no key file: it must be a JSON array of 64 numbers from 0 to 255 (see byte \(position))"
        case .fileExists(let path):
            "\(path) exists and was left as it is: replacing it would lose its key; choose another path"
        case .fileSystem(let operation, let path, let code):
            "could not \(operation) \(path): \(String(cString: strerror(code)))"
        }
    }
}
