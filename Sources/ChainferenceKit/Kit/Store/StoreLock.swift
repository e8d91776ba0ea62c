import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Keeps a second process from working with the same store: it would take the first one's locks for left behind.
///
/// The lock is the system's, on a file beside the database, and goes with the process however that ends.
final class StoreLock: Sendable {
    private let descriptor: Mutex<Int32?>

    /// Takes the lock of the store at `path`.
    ///
    /// - Parameters:
    ///   - path: The database file.
    ///   - waits: Whether to wait for whoever has the lock, for locks that are held for a moment.
    /// - Throws: ``StoreError/inUse(path:)`` when somebody has it, ``StoreError/cannotOpen(path:reason:)``.
    convenience init(path: String, waits: Bool = false) throws(StoreError) {
        try self.init(file: path + ".lock", of: path, waits: waits)
    }

    /// Takes a lock on a file of its own, which is made if it is missing.
    init(file: String, of path: String, waits: Bool = false) throws(StoreError) {
        let descriptor = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: Self.reason(errno)) }
        while flock(descriptor, LOCK_EX | (waits ? 0 : LOCK_NB)) != 0 {
            let code = errno
            if code == EINTR { continue }
            _ = close(descriptor)
            throw code == EWOULDBLOCK ? .inUse(path: path) : .cannotOpen(path: path, reason: Self.reason(code))
        }
        self.descriptor = Mutex(descriptor)
    }

    /// Whether a living process has a lock on this file; false when there is no such file.
    static func isHeld(file: String) -> Bool {
        let descriptor = open(file, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { _ = close(descriptor) }
        return flock(descriptor, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK
    }

    deinit { release() }

    /// Gives the lock back; the second time nothing happens.
    func release() {
        descriptor.withLock { descriptor in
            if let open = descriptor { _ = close(open) }
            descriptor = nil
        }
    }

    /// Makes an empty file that only its owner can read, unless there is one.
    ///
    /// SQLite gives its sidecar files the same permissions, so nothing is ever readable by others.
    static func createPrivateFile(_ path: String) throws(StoreError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw .cannotOpen(path: path, reason: reason(errno)) }
        _ = close(descriptor)
    }

    private static func reason(_ code: Int32) -> String { String(cString: strerror(code)) }
}
