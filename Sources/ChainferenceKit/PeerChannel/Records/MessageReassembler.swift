/// Puts messages together that come in several records: consecutive ones of one type, all but the last flagged `more`.
struct MessageReassembler: Sendable {
    /// The longest message that is no prompt.
    static let controlLimit = 4_096

    /// The longest prompt message, its header included.
    let promptLimit: Int
    private var type: UInt8?
    private var message: [UInt8] = []

    init(promptLimit: Int) {
        self.promptLimit = promptLimit
    }

    /// Takes a record; lends the whole message to `body` once its last piece is there.
    mutating func take<Result>(
        _ record: RecordLayer.Opened,
        _ body: (UnsafeRawBufferPointer) throws(PeerError) -> Result
    ) throws(PeerError) -> Result? {
        let hasMore = record.flags & RecordFlags.more != 0
        guard record.flags & ~RecordFlags.more == 0 else {
            throw .protocolViolation(.malformedRecord(type: record.type, reason: "unknown flags"))
        }
        if let type, type != record.type {
            throw .protocolViolation(.fragmentation(reason: "another record came before the message's end"))
        }
        if type == nil, !hasMore {
            // The usual case: nothing is copied.
            let limit = record.type == RecordType.prompt.rawValue ? promptLimit : .max
            guard record.body.count <= limit else { throw tooLong(record.type) }
            return try body(record.body)
        }
        if record.type == RecordType.pad.rawValue || record.type == RecordType.data.rawValue {
            throw .protocolViolation(.fragmentation(reason: "padding and data are never split"))
        }
        let limit = record.type == RecordType.prompt.rawValue ? promptLimit : Self.controlLimit
        guard message.count + record.body.count <= limit else { throw tooLong(record.type) }
        guard !record.body.isEmpty || !hasMore else {
            throw .protocolViolation(.fragmentation(reason: "an empty piece"))
        }
        type = record.type
        message.append(contentsOf: record.body)
        guard !hasMore else { return nil }
        type = nil
        // A prompt's memory is given back, not kept for the next one.
        let whole = message
        message = []
        return try whole.withUnsafeBufferPointer { bytes throws(PeerError) in
            try body(UnsafeRawBufferPointer(bytes))
        }
    }

    private func tooLong(_ type: UInt8) -> PeerError {
        .protocolViolation(.fragmentation(reason: "a message of type \(type) is too long"))
    }
}
