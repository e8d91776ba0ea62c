/// Writes Borsh, value after value, into memory.
///
/// After an error the bytes of the value that failed may be there in part: give them up.
public struct BorshWriter: Sendable {
    @usableFromInline var storage: [UInt8] = []
    @usableFromInline var takenCount = 0
    @usableFromInline let maximumDepth: Int
    @usableFromInline var depth = 0

    /// An empty writer.
    ///
    /// - Parameters:
    ///   - capacity: How many bytes to make room for at once.
    ///   - maximumDepth: How deeply values may nest.
    public init(reservingCapacity capacity: Int = 0, maximumDepth: Int = 128) {
        storage.reserveCapacity(capacity)
        self.maximumDepth = maximumDepth
    }

    /// What has been written and not been taken yet.
    @inlinable public var bytes: [UInt8] { storage }

    /// How many bytes have been written since the start.
    @inlinable public var offset: Int { takenCount + storage.count }

    /// Takes what has been written so far out of the writer: for sending a long value in pieces.
    public mutating func takeBytes() -> [UInt8] {
        takenCount += storage.count
        defer { storage = [] }
        return storage
    }
}

extension BorshWriter {
    /// Appends a value.
    @inlinable
    public mutating func write<Value: BorshEncodable>(_ value: Value) throws(BorshError) {
        guard depth < maximumDepth else { throw tooDeep() }
        depth += 1
        defer { depth -= 1 }
        try value.borshEncode(to: &self)
    }

    /// Appends the elements of an array of fixed size: no count is written.
    @inlinable
    public mutating func writeFixed<Element: BorshEncodable>(
        _ elements: some Collection<Element>
    ) throws(BorshError) {
        for element in elements { try write(element) }
    }

    /// Appends bytes as they are.
    @inlinable
    public mutating func writeBytes(_ bytes: some Collection<UInt8>) {
        storage.append(contentsOf: bytes)
    }

    /// Appends the memory of a buffer as it is.
    @inlinable
    public mutating func writeBytes(bufferPointer bytes: UnsafeRawBufferPointer) {
        storage.append(contentsOf: bytes)
    }

    /// Appends a number, its least significant byte first.
    @inlinable
    public mutating func writeInteger<Value: FixedWidthInteger>(_ value: Value) {
        withUnsafeBytes(of: value.littleEndian) { writeBytes(bufferPointer: $0) }
    }

    /// Appends the count of a collection: 32 bits.
    @inlinable
    public mutating func writeCount(_ count: Int) throws(BorshError) {
        guard let count = UInt32(exactly: count) else {
            throw BorshError(.countTooLarge, "\(count) elements are more than Borsh can count", offset: offset)
        }
        writeInteger(count)
    }

    /// Appends the number of an enum's case: one byte.
    @inlinable
    public mutating func writeVariant(_ index: UInt8) {
        writeInteger(index)
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
