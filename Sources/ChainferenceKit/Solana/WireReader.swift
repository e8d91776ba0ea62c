/// Reads the wire format of messages and transactions out of hostile bytes.
struct WireReader {
    private let bytes: [UInt8]
    private(set) var offset = 0

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
    }

    private var remaining: Int { bytes.count - offset }

    func peek() throws(MessageError) -> UInt8 {
        guard offset < bytes.count else { throw .truncated(offset: offset) }
        return bytes[offset]
    }

    mutating func readByte() throws(MessageError) -> UInt8 {
        let byte = try peek()
        offset += 1
        return byte
    }

    /// A count in its shortest form.
    mutating func readCount() throws(MessageError) -> Int {
        let start = offset
        var value = 0
        for position in 0..<3 {
            let byte = try readByte()
            value |= Int(byte & 0x7f) << (7 * position)
            if byte & 0x80 == 0 {
                // A last byte of zero adds nothing: the form is not the shortest.
                guard position == 0 || byte != 0, value <= Int(UInt16.max) else { throw .invalidLength(offset: start) }
                return value
            }
        }
        throw .invalidLength(offset: start)
    }

    mutating func read<Value: FixedBytes>(_ type: Value.Type) throws(MessageError) -> Value {
        guard remaining >= Value.byteCount else { throw .truncated(offset: bytes.count) }
        var value = Value.zero
        withUnsafeMutableBytes(of: &value) { $0.copyBytes(from: bytes[offset..<offset + Value.byteCount]) }
        offset += Value.byteCount
        return value
    }

    mutating func readByteList() throws(MessageError) -> [UInt8] {
        let count = try readCount()
        guard remaining >= count else { throw .truncated(offset: bytes.count) }
        defer { offset += count }
        return Array(bytes[offset..<offset + count])
    }

    /// A counted list whose elements have at least so many bytes: a count that the rest cannot hold allocates nothing.
    mutating func readList<Element>(
        minimumByteCount: Int,
        _ element: (inout WireReader) throws(MessageError) -> Element
    ) throws(MessageError) -> [Element] {
        let count = try readCount()
        guard remaining >= count * minimumByteCount else { throw .truncated(offset: bytes.count) }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try element(&self)) }
        return elements
    }

    mutating func readHeader() throws(MessageError) -> MessageHeader {
        try MessageHeader(requiredSignatures: readByte(), readonlySigned: readByte(), readonlyUnsigned: readByte())
    }

    mutating func readInstructions() throws(MessageError) -> [CompiledInstruction] {
        try readList(minimumByteCount: 3) { reader throws(MessageError) in
            try CompiledInstruction(
                programIndex: reader.readByte(),
                accountIndices: reader.readByteList(),
                data: reader.readByteList()
            )
        }
    }

    /// Everything that has not been read.
    func rest() -> [UInt8] {
        Array(bytes[offset...])
    }

    func finish() throws(MessageError) {
        guard remaining == 0 else { throw .trailingBytes(count: remaining) }
    }
}

extension [UInt8] {
    mutating func append(_ value: some FixedBytes) {
        value.withUnsafeBytes { append(contentsOf: $0) }
    }

    mutating func appendCount(_ count: Int) throws(MessageError) {
        guard let count = UInt16(exactly: count) else { throw .countTooLarge(count) }
        CompactU16.append(count, to: &self)
    }

    /// Appends what all formats of messages have in common.
    mutating func append(
        _ header: MessageHeader,
        _ accounts: [Address],
        _ recentBlockhash: Blockhash,
        _ instructions: [CompiledInstruction]
    ) throws(MessageError) {
        let sizes = instructions.reduce(0) { $0 + 7 + $1.accountIndices.count + $1.data.count }
        reserveCapacity(count + 3 + 3 + accounts.count * 32 + 32 + 3 + sizes)
        append(header.requiredSignatures)
        append(header.readonlySigned)
        append(header.readonlyUnsigned)
        try appendCount(accounts.count)
        for account in accounts { append(account) }
        append(recentBlockhash)
        try appendCount(instructions.count)
        for instruction in instructions {
            append(instruction.programIndex)
            try appendCount(instruction.accountIndices.count)
            self += instruction.accountIndices
            try appendCount(instruction.data.count)
            self += instruction.data
        }
    }
}
