import SodiumCrypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files with a secret key as a JSON array of numbers.
enum KeyFile {
    /// Much more than 64 numbers and any sensible white space.
    private static let maximumByteCount = 4_096

    // MARK: Text

    /// The numbers of a JSON array; nothing but white space may surround it.
    static func parse(_ text: SecretBytes, path: String) throws(KeypairError) -> SecretBytes {
        let result = text.withUnsafeBytes { text -> Result<SecretBytes, KeypairError> in
            var count = 0
            var failure: Int?
            // More numbers than 64 are counted, to say how many there are, but not kept.
            let bytes = SecretBytes(count: 64) { buffer in
                var parser = ByteArrayParser(text)
                failure = parser.parse { byte in
                    if count < buffer.count { buffer[count] = byte }
                    count += 1
                }
            }
            if let failure { return .failure(.malformedFile(path: path, position: failure)) }
            guard count == 64 else { return .failure(.wrongSecretKeyByteCount(count)) }
            return .success(bytes)
        }
        return try result.get()
    }

    /// The JSON array that the Solana tools write.
    static func text(of secret: SecretBytes) -> SecretBytes {
        secret.withUnsafeBytes { secret in
            let digits = secret.reduce(0) { $0 + ($1 < 10 ? 1 : $1 < 100 ? 2 : 3) }
            return SecretBytes(count: digits + secret.count + 1) { buffer in
                var position = 0
                func put(_ character: UInt8) {
                    buffer[position] = character
                    position += 1
                }
                put(UInt8(ascii: "["))
                for (index, byte) in secret.enumerated() {
                    if index > 0 { put(UInt8(ascii: ",")) }
                    if byte >= 100 { put(UInt8(ascii: "0") + byte / 100) }
                    if byte >= 10 { put(UInt8(ascii: "0") + byte / 10 % 10) }
                    put(UInt8(ascii: "0") + byte % 10)
                }
                put(UInt8(ascii: "]"))
            }
        }
    }

    // MARK: Files

    static func read(_ path: String) throws(KeypairError) -> SecretBytes {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed("open", path) }
        defer { close(descriptor) }
        var count = 0
        var code: Int32?
        let buffer = SecretBytes(count: maximumByteCount + 1) { buffer in
            while count < buffer.count {
                let result = readBytes(descriptor, buffer.baseAddress! + count, buffer.count - count)
                if result < 0, errno == EINTR { continue }
                if result < 0 { code = errno }
                if result <= 0 { return }
                count += result
            }
        }
        if let code { throw .fileSystem(operation: "read", path: path, code: code) }
        guard count <= maximumByteCount else { throw .malformedFile(path: path, position: maximumByteCount) }
        return buffer.withUnsafeBytes { SecretBytes(copying: $0.prefix(count)) }
    }

    static func write(_ text: SecretBytes, to path: String, overwrite: Bool) throws(KeypairError) {
        // A neighbour with a name of its own, which takes the place of the file in one step.
        let temporary = path + ".new-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .failed("create", path) }
        var isGone = false
        defer {
            if !isGone { unlink(temporary) }
        }
        do throws(KeypairError) {
            try writeAll(text, to: descriptor, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw .failed("close", path) }
        if overwrite {
            guard rename(temporary, path) == 0 else { throw .failed("rename", path) }
            isGone = true
        } else {
            // Unlike renaming, linking refuses to replace.
            guard link(temporary, path) == 0 else {
                if errno == EEXIST { throw .fileExists(path: path) }
                throw .failed("link", path)
            }
        }
        synchronizeFolder(of: path)
    }

    private static func writeAll(_ text: SecretBytes, to descriptor: Int32, path: String) throws(KeypairError) {
        // The process's mask can only have taken rights away; this gives the owner's back.
        guard fchmod(descriptor, 0o600) == 0 else { throw .failed("change the mode of", path) }
        let code = text.withUnsafeBytes { text -> Int32? in
            var position = 0
            while position < text.count {
                let result = writeBytes(descriptor, text.baseAddress! + position, text.count - position)
                if result < 0, errno == EINTR { continue }
                if result <= 0 { return errno }
                position += result
            }
            return nil
        }
        if let code { throw .fileSystem(operation: "write", path: path, code: code) }
        guard fsync(descriptor) == 0 else { throw .failed("flush", path) }
    }

    /// Makes the new name survive a power cut where the file system can do that.
    private static func synchronizeFolder(of path: String) {
        let folder = path.utf8.lastIndex(of: UInt8(ascii: "/")).map { String(path[..<$0]) } ?? "."
        let descriptor = open(folder.isEmpty ? "/" : folder, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        _ = fsync(descriptor)
        close(descriptor)
    }
}

extension KeypairError {
    /// What `errno` says about an operation that has just failed.
    fileprivate static func failed(_ operation: String, _ path: String) -> KeypairError {
        .fileSystem(operation: operation, path: path, code: errno)
    }
}

// Inside `KeyFile`, its own `read` and `write` hide the system's.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
