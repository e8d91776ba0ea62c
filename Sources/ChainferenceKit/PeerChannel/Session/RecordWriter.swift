/// The sending half that both session machines share: seals records into an output that the shell drains.
struct RecordWriter: Sendable {
    /// Bytes for the wire.
    private(set) var output: [UInt8] = []

    var hasOutput: Bool { !output.isEmpty }

    /// Exchanges the output for an emptied buffer, so that both keep their memory.
    mutating func drain(into buffer: inout [UInt8]) {
        buffer.removeAll(keepingCapacity: buffer.capacity <= 131_072)
        swap(&buffer, &output)
    }

    mutating func append(_ bytes: [UInt8]) { output += bytes }

    /// Gives the raw output to something that appends to it.
    mutating func withOutput<Result>(
        _ body: (inout [UInt8]) throws(PeerError) -> Result
    ) throws(PeerError) -> Result {
        try body(&output)
    }

    /// Seals one piece of a message.
    mutating func write(
        _ type: RecordType,
        body: ArraySlice<UInt8>,
        more: Bool = false,
        wireSize: Int?,
        through layer: inout RecordLayer
    ) throws(PeerError) {
        do throws(ProtocolViolation) {
            try layer.seal(
                type,
                flags: more ? RecordFlags.more : 0,
                bodyCount: body.count,
                wireSize: wireSize,
                appendingTo: &output
            ) { $0.copyBytes(from: body) }
        } catch {
            throw .protocolViolation(error)
        }
    }

    /// Seals the next piece of an answer.
    mutating func write(
        _ header: DataHeader,
        count: Int,
        of answer: inout OutgoingAnswer,
        wireSize: Int?,
        through layer: inout RecordLayer
    ) throws(PeerError) {
        do throws(ProtocolViolation) {
            try layer.seal(
                .data,
                bodyCount: DataHeader.size + count,
                wireSize: wireSize,
                appendingTo: &output
            ) { body in
                body.storeBytes(of: header.number.littleEndian, toByteOffset: 0, as: UInt32.self)
                body.storeBytes(of: header.totalTokens.littleEndian, toByteOffset: 4, as: UInt32.self)
                body.storeBytes(of: header.offset.littleEndian, toByteOffset: 8, as: UInt64.self)
                answer.takePiece(header, count: count) { bytes in
                    UnsafeMutableRawBufferPointer(rebasing: body[DataHeader.size...]).copyMemory(from: bytes)
                }
            }
        } catch {
            throw .protocolViolation(error)
        }
    }
}

/// A message that waits to be sent, possibly in several records.
struct QueuedMessage: Hashable, Sendable {
    let type: RecordType
    let body: [UInt8]
    var position = 0
    /// Whether nothing of an answer comes after it.
    var endsAnswer: Bool { type == .fin || type == .error }

    init(_ record: PeerRecord) {
        // Every record that is queued has a type of this version.
        type = RecordType(rawValue: record.type) ?? .pad
        body = record.encodedBody()
    }
}
