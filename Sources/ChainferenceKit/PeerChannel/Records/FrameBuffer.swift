/// Cuts the incoming bytes into length-prefixed pieces; holds no more than one piece and what came with it.
struct FrameBuffer: Sendable {
    private var storage: [UInt8] = []
    private var start = 0

    /// How many bytes wait.
    var count: Int { storage.count - start }

    /// Appends what has arrived.
    mutating func append(_ bytes: UnsafeRawBufferPointer) {
        if start == storage.count {
            // What a large prompt needed is given back.
            storage.removeAll(keepingCapacity: storage.capacity <= 32_768)
            start = 0
        } else if start > 32_768 {
            storage.removeSubrange(..<start)
            start = 0
        }
        storage.append(contentsOf: bytes)
    }

    /// Takes one byte, if there is one.
    mutating func takeByte() -> UInt8? {
        guard count > 0 else { return nil }
        defer { start += 1 }
        return storage[start]
    }

    /// Lends the next whole piece, without its prefix, and removes it; `nil` as long as it is not whole.
    ///
    /// - Parameters:
    ///   - lengths: The lengths that are allowed, known before anything of the piece itself is waited for.
    ///   - body: Uses the piece, which it may overwrite.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws; a violation for any other length.
    mutating func withNextFrame<Result>(
        lengths: ClosedRange<Int>,
        _ body: (UnsafeMutableRawBufferPointer) throws(PeerError) -> Result
    ) throws(PeerError) -> Result? {
        guard count >= RecordLayout.prefixSize else { return nil }
        let length = Int(storage[start]) << 8 | Int(storage[start + 1])
        guard lengths.contains(length) else { throw .protocolViolation(.recordLength(length)) }
        guard count >= RecordLayout.prefixSize + length else { return nil }
        let first = start + RecordLayout.prefixSize
        start = first + length
        return try storage.withUnsafeMutableBufferPointer { bytes throws(PeerError) in
            try body(UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: bytes[first..<first + length])))
        }
    }
}
