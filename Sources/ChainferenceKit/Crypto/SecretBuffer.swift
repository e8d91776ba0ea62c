import CSodium

/// A fixed number of secret bytes that change in place, with exactly one owner, wiped when that owner goes.
///
/// Chaining keys and cipher keys live here: unlike ``SecretBytes`` the memory comes from the ordinary heap, so that a
/// server can hold thousands of sessions without a pair of guard pages for each, and a copy can't be made by accident.
public struct SecretBuffer: ~Copyable, @unchecked Sendable {
    // SAFETY: the type can't be copied, so whoever holds the value is the only one that reaches the memory.
    private let storage: UnsafeMutableRawPointer

    /// How many bytes are held.
    public let count: Int

    /// Makes `count` zero bytes.
    ///
    /// - Precondition: `count` is positive.
    public init(count: Int) {
        precondition(count > 0, "an empty secret is a mistake")
        Sodium.initialize()
        storage = UnsafeMutableRawPointer.allocate(byteCount: count, alignment: 16)
        sodium_memzero(storage, count)
        self.count = count
    }

    /// Copies `bytes`; wiping the original is up to its owner.
    ///
    /// - Precondition: `bytes` is not empty.
    public init(copying bytes: UnsafeRawBufferPointer) {
        self.init(count: bytes.count)
        storage.copyMemory(from: bytes.baseAddress!, byteCount: bytes.count)
    }

    deinit {
        sodium_memzero(storage, count)
        storage.deallocate()
    }

    /// Lends the bytes for reading, for the duration of the call.
    public borrowing func withUnsafeBytes<Result, Failure: Error>(
        _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafeBytes)
    }

    /// Lends the bytes for writing, for the duration of the call.
    public mutating func withUnsafeMutableBytes<Result, Failure: Error>(
        _ body: (UnsafeMutableRawBufferPointer) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try body(unsafeMutableBytes)
    }

    /// Overwrites everything with zeros.
    public mutating func wipe() {
        sodium_memzero(storage, count)
    }

    /// Replaces everything by the content of `other`.
    ///
    /// - Precondition: both have the same size.
    public mutating func copy(from other: borrowing SecretBuffer) {
        precondition(count == other.count, "sizes differ")
        storage.copyMemory(from: other.storage, byteCount: count)
    }

    /// The memory itself, valid as long as the buffer lives; for code of this package that works on several buffers at once.
    package var unsafeBytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: storage, count: count) }

    /// The memory itself for writing, valid as long as the buffer lives.
    package var unsafeMutableBytes: UnsafeMutableRawBufferPointer {
        mutating get { UnsafeMutableRawBufferPointer(start: storage, count: count) }
    }
}
