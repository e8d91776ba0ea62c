public import SodiumCrypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A relay's private key on disk: 32 bytes, readable by their owner only.
public enum RelayKeyFile {
    /// Why there is no key.
    public enum KeyFileError: Error, Hashable, Sendable {
        /// The system refused to read or write the file.
        case system(path: String, reason: String)
        /// Others than the owner may read or write the file.
        case readableByOthers(path: String)
        /// The file does not hold 32 bytes.
        case malformed(path: String)
    }

    /// Reads the key; makes a file with a new one if there is none.
    ///
    /// - Parameter path: The file; its folder must exist.
    /// - Returns: The relay's key.
    /// - Throws: ``KeyFileError``.
    public static func load(creatingAt path: String) throws(KeyFileError) -> X25519.PrivateKey {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw .system(path: path, reason: String(cString: strerror(errno))) }
            return try create(at: path)
        }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            throw .system(path: path, reason: String(cString: strerror(errno)))
        }
        guard status.st_mode & 0o077 == 0 else { throw .readableByOthers(path: path) }
        guard status.st_size == X25519.byteCount else { throw .malformed(path: path) }
        var count = 0
        let secret = SecretBytes(count: X25519.byteCount) { count = read(descriptor, $0.baseAddress, $0.count) }
        guard count == X25519.byteCount, let key = try? X25519.PrivateKey(secret) else { throw .malformed(path: path) }
        return key
    }

    private static func create(at path: String) throws(KeyFileError) -> X25519.PrivateKey {
        let key = X25519.PrivateKey()
        let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .system(path: path, reason: String(cString: strerror(errno))) }
        let isWritten = key.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) == $0.count }
        // What is not on disk now would be another relay after a power failure.
        guard isWritten, fsync(descriptor) == 0 else {
            let reason = String(cString: strerror(errno))
            close(descriptor)
            unlink(path)
            throw .system(path: path, reason: reason)
        }
        close(descriptor)
        return key
    }
}

extension RelayKeyFile.KeyFileError: CustomStringConvertible {
    /// What is wrong and what to do.
    public var description: String {
        switch self {
        case .system(let path, let reason): "The relay's key file \(path) can't be used: \(reason)."
        case .readableByOthers(let path):
            "The relay's key file \(path) can be read by others than its owner. If nobody has, do: chmod 600 \(path)"
        case .malformed(let path):
            "\(path) is not a relay's key file: it must hold 32 bytes. Name another, or move it away to make a new key."
        }
    }
}
