#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Files of snapshots: read whole, replaced in one step.
enum SnapshotFile {
    static func read(_ path: String) throws(SnapshotError) -> [UInt8] {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .failed("open it", path) }
        defer { close(descriptor) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw .failed("look at it", path) }
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw .fileSystem(operation: "read what is no file", path: path, code: EINVAL)
        }
        let size = Int(status.st_size)
        var code: Int32?
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let result = readBytes(descriptor, UnsafeMutableRawPointer(buffer.baseAddress! + count), size - count)
                if result < 0, errno == EINTR { continue }
                if result < 0 { code = errno }
                if result <= 0 { return }
                count += result
            }
        }
        if let code { throw .fileSystem(operation: "read it", path: path, code: code) }
        return bytes
    }

    static func write(_ bytes: [UInt8], to path: String) throws(SnapshotError) {
        // A neighbour with a name of its own, which takes the place of the file once it is on the disk.
        let temporary = path + ".new-" + String(UInt64.random(in: .min ... .max), radix: 36)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw .failed("create it", path) }
        var isInPlace = false
        defer {
            if !isInPlace { unlink(temporary) }
        }
        do throws(SnapshotError) {
            try writeAll(bytes, to: descriptor, path: path)
        } catch {
            close(descriptor)
            throw error
        }
        guard close(descriptor) == 0 else { throw .failed("close it", path) }
        guard rename(temporary, path) == 0 else { throw .failed("put it in its place", path) }
        isInPlace = true
        // Makes the new name survive a power cut where the file system can do that.
        let directory = directory(of: path)
        let opened = open(directory, O_RDONLY | O_CLOEXEC)
        guard opened >= 0 else { return }
        _ = fsync(opened)
        close(opened)
    }

    private static func writeAll(_ bytes: [UInt8], to descriptor: Int32, path: String) throws(SnapshotError) {
        let code = bytes.withUnsafeBytes { bytes -> Int32? in
            var position = 0
            while position < bytes.count {
                let result = writeBytes(descriptor, bytes.baseAddress! + position, bytes.count - position)
                if result < 0, errno == EINTR { continue }
                if result <= 0 { return errno }
                position += result
            }
            return nil
        }
        if let code { throw .fileSystem(operation: "write it", path: path, code: code) }
        guard fsync(descriptor) == 0 else { throw .failed("flush it", path) }
    }

    private static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: UInt8(ascii: "/")) else { return "." }
        let directory = String(path[..<slash])
        return directory.isEmpty ? "/" : directory
    }
}

// Inside `SnapshotFile`, its own `read` and `write` hide the system's.
private func readBytes(_ descriptor: Int32, _ buffer: UnsafeMutableRawPointer, _ count: Int) -> Int {
    read(descriptor, buffer, count)
}

private func writeBytes(_ descriptor: Int32, _ buffer: UnsafeRawPointer, _ count: Int) -> Int {
    write(descriptor, buffer, count)
}
