/// Reads Borsh, value after value, out of hostile bytes.
///
/// Never traps, and never allocates more than a small multiple of what is left to read.
public struct BorshReader: Sendable {
    @usableFromInline let bytes: [UInt8]

    @usableFromInline var position = 0
    @usableFromInline let maximumDepth: Int
    @usableFromInline var depth = 0

    /// A reader at the start of `bytes`.
    ///
    /// - Parameters:
    ///   - bytes: What to read; an array is not copied.
    ///   - maximumDepth: How deeply values may nest.
    public init(_ bytes: some Collection<UInt8>, maximumDepth: Int = 128) {
        self.bytes = Array(bytes)
        self.maximumDepth = maximumDepth
    }

    /// How many bytes have been read.
    @inlinable public var offset: Int { position }

    /// How many bytes are left.
    @inlinable public var remainingCount: Int { bytes.count - position }

    /// Checks that nothing is left.
    public func finish() throws(BorshError) {
        guard remainingCount == 0 else {
            throw BorshError(.trailingBytes, "\(remainingCount) bytes are left over", offset: offset)
        }
    }
}

extension BorshReader {
    /// Reads a value.
    @inlinable
    public mutating func read<Value: BorshDecodable>(_ type: Value.Type = Value.self) throws(BorshError) -> Value {
        guard depth < maximumDepth else { throw tooDeep() }
        depth += 1
        defer { depth -= 1 }
        return try Value(borshDecoding: &self)
    }

    /// Reads values of the given types one after the other: the fields of a struct, or a tuple.
    @inlinable
    public mutating func read<First: BorshDecodable, Second: BorshDecodable, each Rest: BorshDecodable>(
        _ first: First.Type,
        _ second: Second.Type,
        _ rest: repeat (each Rest).Type
    ) throws(BorshError) -> (First, Second, repeat each Rest) {
        try (read(First.self), read(Second.self), repeat read((each Rest).self))
    }

    /// Reads the elements of an array whose count is known without asking the bytes.
    @inlinable
    public mutating func readFixed<Element: BorshDecodable>(
        count: Int,
        of type: Element.Type = Element.self
    ) throws(BorshError) -> [Element] {
        guard count >= 0 else { throw truncated() }
        var elements: [Element] = []
        elements.reserveCapacity(reservation(count, of: Element.self))
        for _ in 0..<count { elements.append(try read(Element.self)) }
        return elements
    }

    /// How many elements to make room for: no more memory than there are bytes left.
    @inlinable
    func reservation<Element>(_ count: Int, of type: Element.Type) -> Int {
        Swift.min(count, remainingCount / Swift.max(MemoryLayout<Element>.stride, 1) + 1)
    }

    /// Reads bytes as they are: one copy.
    @inlinable
    public mutating func readBytes(count: Int) throws(BorshError) -> [UInt8] {
        try require(count)
        defer { skip(count) }
        return Array(bytes[offset..<offset + count])
    }

    /// Lends the next bytes without copying them.
    @inlinable
    public mutating func readBytes<Result>(
        count: Int,
        _ body: (UnsafeRawBufferPointer) throws(BorshError) -> Result
    ) throws(BorshError) -> Result {
        try require(count)
        let range = offset..<offset + count
        skip(count)
        return try bytes.withUnsafeBufferPointer { buffer throws(BorshError) in
            try body(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[range]))
        }
    }

    /// Reads a number, its least significant byte first.
    @inlinable
    public mutating func readInteger<Value: FixedWidthInteger & BitwiseCopyable>(
        _ type: Value.Type = Value.self
    ) throws(BorshError) -> Value {
        try require(MemoryLayout<Value>.size)
        defer { skip(MemoryLayout<Value>.size) }
        return bytes.withUnsafeBytes { Value(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Value.self)) }
    }

    /// Reads the count of a collection: 32 bits.
    ///
    /// - Parameter size: The fewest bytes that an element has; a count that cannot be true is refused at once.
    /// - Returns: A count whose elements can all be there.
    /// - Throws: ``BorshError/Code/truncated``.
    @inlinable
    public mutating func readCount(minimumElementByteCount size: Int = 1) throws(BorshError) -> Int {
        let count = Int(try readInteger(UInt32.self))
        guard count <= remainingCount / Swift.max(size, 1) else { throw truncated() }
        return count
    }

    /// Reads a tag: 0 or 1.
    @inlinable
    public mutating func readTag() throws(BorshError) -> Bool {
        let tag = try readInteger(UInt8.self)
        guard tag <= 1 else {
            throw BorshError(.invalidTag, "a tag must be 0 or 1, this is \(tag)", offset: offset - 1)
        }
        return tag == 1
    }

    /// Reads the number of an enum's case: one byte.
    ///
    /// - Parameter count: How many cases the enum has.
    /// - Returns: A number below `count`.
    /// - Throws: ``BorshError/Code/invalidVariant`` or ``BorshError/Code/truncated``.
    @inlinable
    public mutating func readVariant(count: Int) throws(BorshError) -> UInt8 {
        let index = try readInteger(UInt8.self)
        guard index < count else { throw invalidVariant(index) }
        return index
    }

    /// The error for a case that an enum does not have, just read.
    public func invalidVariant(_ index: UInt8) -> BorshError {
        BorshError(.invalidVariant, "there is no case \(index)", offset: offset - 1)
    }

    @inlinable
    func require(_ count: Int) throws(BorshError) {
        guard count >= 0, count <= remainingCount else { throw truncated() }
    }

    @inlinable
    mutating func skip(_ count: Int) {
        position += count
    }

    @usableFromInline
    func truncated() -> BorshError {
        BorshError(.truncated, "the bytes end too early", offset: bytes.count)
    }

    @usableFromInline
    func tooDeep() -> BorshError {
        BorshError(.tooDeep, "values are nested more than \(maximumDepth) deep", offset: offset)
    }

    @usableFromInline
    func zeroSizedElement() -> BorshError {
        BorshError(.zeroSizedElement, "elements of no bytes cannot be told apart", offset: offset)
    }
}
