#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

/// Why a snapshot cannot be read or written.
public enum SnapshotError: Error, Hashable, Sendable {
    /// The system refused an operation on the file; the code is `errno`.
    case fileSystem(operation: String, path: String, code: Int32)

    /// Another process keeps its cluster in the same directory.
    case inUse(path: String)

    /// The bytes do not begin as a snapshot does.
    case notASnapshot

    /// The snapshot was written by a newer version of this library.
    case unsupportedVersion(UInt32)

    /// The file ends too early, or goes on after its end.
    case wrongLength(expected: UInt64, found: UInt64)

    /// The checksum does not fit: the bytes have changed since they were written.
    case corrupted

    /// The checksum fits, but the content is no state that a ledger can be in.
    case malformed(String)

    /// The snapshot's cluster has another market program than the configuration.
    case otherMarket
}

extension SnapshotError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .fileSystem(let operation, let path, let code):
            "the snapshot \(path): cannot \(operation) (\(String(cString: strerror(code)).lowercased()))"
        case .inUse(let path): "\(path) belongs to a running cluster: stop that one, or name another directory"
        case .notASnapshot: "this is no snapshot of a local cluster"
        case .unsupportedVersion(let version):
            "a newer version of this software wrote the snapshot (format \(version)): use that one, or begin anew"
        case .wrongLength(let expected, let found):
            "the snapshot should have \(expected) bytes and has \(found): it is damaged, begin anew or from a copy"
        case .corrupted: "the snapshot's checksum does not fit: it is damaged, begin anew or from a copy"
        case .malformed(let reason): "the snapshot holds no state of a ledger: \(reason)"
        case .otherMarket:
            "the snapshot's market program, authority or treasury is not the one that the configuration names"
        }
    }

    /// What `errno` says about an operation that has just failed.
    static func failed(_ operation: String, _ path: String) -> SnapshotError {
        .fileSystem(operation: operation, path: path, code: errno)
    }
}
