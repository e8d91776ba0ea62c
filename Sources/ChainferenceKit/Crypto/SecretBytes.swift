import CSodium

/// Bytes that must not outlive their use: guarded memory that is wiped when the last reference goes.
///
/// The memory comes from `sodium_malloc`: it is locked against swapping where the system allows it, surrounded by guard
/// pages, and zeroed when freed. Equality takes the same time for any content.
public final class SecretBytes: Sendable {
    // SAFETY: written only in `init`, before the reference is shared; read-only and freed in `deinit` afterwards.
    private nonisolated(unsafe) let storage: UnsafeMutableRawPointer

    /// How many bytes are held.
    public let count: Int

    /// Allocates `count` bytes and lets `initialize` fill them.
    ///
    /// - Parameters:
    ///   - count: The number of bytes.
    ///   - initialize: Fills the zeroed memory; the pointer is valid for the call only.
    /// - Throws: What `initialize` throws; the memory is wiped then.
    public init<Failure: Error>(
        count: Int,
        initializingWith initialize: (UnsafeMutableRawBufferPointer) throws(Failure) -> Void
    ) throws(Failure) {
        Sodium.initialize()
        guard let memory = sodium_malloc(max(count, 1)) else {
            fatalError("sodium_malloc: out of lockable memory")
        }
        sodium_memzero(memory, max(count, 1))
        self.storage = memory
        self.count = count
        do {
            try initialize(UnsafeMutableRawBufferPointer(start: memory, count: count))
        } catch {
            // All stored properties are set, so `deinit` wipes and frees.
            throw error
        }
    }

    /// Copies `bytes`; wiping the original is up to its owner.
    public convenience init(copying bytes: some Collection<UInt8>) {
        self.init(count: bytes.count) { buffer in
            buffer.copyBytes(from: bytes)
        }
    }

    /// Draws `count` bytes from the system's secure random source.
    public static func random(count: Int) -> SecretBytes {
        SecretBytes(count: count) { buffer in
            if let base = buffer.baseAddress { randombytes_buf(base, buffer.count) }
        }
    }

    deinit {
        sodium_free(storage)
    }

    /// Lends the bytes for the duration of the call.
    public func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(UnsafeRawBufferPointer(start: storage, count: count))
    }
}

extension SecretBytes: Equatable {
    /// Compares in constant time; lengths are not secret.
    public static func == (lhs: SecretBytes, rhs: SecretBytes) -> Bool {
        lhs.count == rhs.count && sodium_memcmp(lhs.storage, rhs.storage, lhs.count) == 0
    }
}

extension SecretBytes: CustomStringConvertible, CustomReflectable {
    /// The size alone, so that no log ever holds the content.
    public var description: String { "SecretBytes(\(count) bytes, hidden)" }

    /// Shows nothing of the content to debuggers and `dump`.
    public var customMirror: Mirror { Mirror(self, children: ["count": count]) }
}
