#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// A directory that one cluster at a time lives in, as the ledger directory of `solana-test-validator`.
///
/// It holds the file `snapshot`, and `lock`, which keeps other processes out for as long as this value lives.
public final class LedgerDirectory: Sendable {
    /// The directory.
    public let path: String

    private let lock: Int32

    /// Takes hold of a directory, and makes it if need be.
    ///
    /// - Parameter path: The directory; its parent must exist.
    /// - Throws: ``SnapshotError/inUse(path:)`` or ``SnapshotError/fileSystem(operation:path:code:)``.
    public init(path: String) throws(SnapshotError) {
        self.path = path
        guard mkdir(path, 0o700) == 0 || errno == EEXIST else { throw .failed("make the directory", path) }
        let lock = open(path + "/lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard lock >= 0 else { throw .failed("open the lock in", path) }
        guard flock(lock, LOCK_EX | LOCK_NB) == 0 else {
            let isHeld = errno == EWOULDBLOCK
            let failure = SnapshotError.failed("lock", path)
            close(lock)
            throw isHeld ? .inUse(path: path) : failure
        }
        self.lock = lock
    }

    deinit {
        close(lock)
    }

    private var file: String { path + "/snapshot" }

    /// The snapshot that the directory holds, or nil if there is none.
    ///
    /// - Throws: ``SnapshotError`` if there is one that cannot be read.
    public func load() throws(SnapshotError) -> ClusterSnapshot? {
        do throws(SnapshotError) {
            return try ClusterSnapshot(contentsOf: file)
        } catch .fileSystem(_, _, ENOENT) {
            return nil
        } catch {
            throw error
        }
    }

    /// Replaces the directory's snapshot.
    ///
    /// - Throws: ``SnapshotError``; the older one is still there then.
    public func save(_ snapshot: ClusterSnapshot) throws(SnapshotError) {
        try snapshot.write(to: file)
    }

    /// Forgets the directory's snapshot, if it holds one.
    ///
    /// - Throws: ``SnapshotError/fileSystem(operation:path:code:)``.
    public func reset() throws(SnapshotError) {
        guard unlink(file) == 0 || errno == ENOENT else { throw .failed("remove it", file) }
    }
}
