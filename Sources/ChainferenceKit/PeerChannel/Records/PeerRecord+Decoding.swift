extension PeerRecord {
    /// Reads a record's body, which has been put together if it came in pieces.
    ///
    /// - Throws: ``PeerError/protocolViolation(_:)`` for anything that is not exactly one record.
    init(type rawType: UInt8, body: UnsafeRawBufferPointer) throws(PeerError) {
        guard let type = RecordType(rawValue: rawType) else {
            guard rawType >= RecordType.firstIgnorable else { throw .protocolViolation(.unknownRecord(type: rawType)) }
            self = .ignored(type: rawType)
            return
        }
        var reader = RecordReader(body, type: rawType)
        switch type {
        case .pad: self = .pad
        case .prompt: self = .prompt(try PromptMessage(&reader))
        case .accept: self = .accept(try AcceptMessage(&reader))
        case .data:
            let header = try DataHeader(&reader)
            self = .data(header, bytes: reader.rest())
        case .fin: self = .fin(try FinMessage(&reader))
        case .cancel: self = .cancel(number: try reader.promptNumber())
        case .cancelled:
            self = .cancelled(
                CancelledMessage(
                    number: try reader.promptNumber(),
                    inputTokens: try reader.integer(),
                    outputTokens: try reader.integer(),
                    length: try reader.integer()
                )
            )
        case .error:
            let number: UInt32 = try reader.integer()
            self = .error(number: number, try PeerErrorMessage(&reader))
        case .ping: self = .ping(try reader.integer())
        case .pong: self = .pong(try reader.integer())
        case .resume:
            self = .resume(
                ResumeMessage(
                    number: try reader.promptNumber(),
                    window: try reader.integer(),
                    offset: try reader.integer(),
                    prefixDigest: try reader.bytes(32)
                )
            )
        case .window: self = .window(number: try reader.promptNumber(), limit: try reader.integer())
        case .close:
            let raw: UInt8 = try reader.integer()
            guard let reason = PeerCloseReason(rawValue: raw) else { throw reader.malformed("unknown reason") }
            self = .close(reason)
        case .voucher:
            self = .voucher(
                PeerVoucher(
                    cumulative: try reader.integer(),
                    expiresAt: try reader.integer(),
                    signature: try reader.bytes(64)
                )
            )
        }
        try reader.end()
    }
}

extension PromptMessage {
    fileprivate init(_ reader: inout RecordReader) throws(PeerError) {
        number = try reader.promptNumber()
        window = try reader.integer()
        let length: UInt32 = try reader.integer()
        digest = try reader.bytes(32)
        bytes = reader.rest()
        guard bytes.count == Int(length) else { throw reader.malformed("the length is not that of the prompt") }
    }
}

extension AcceptMessage {
    fileprivate init(_ reader: inout RecordReader) throws(PeerError) {
        number = try reader.promptNumber()
        parameters = AnswerParameters(
            inputTokens: try reader.integer(),
            maximumOutputTokens: try reader.integer(),
            voucherWindow: try reader.integer()
        )
        tickMilliseconds = try reader.integer()
        recordSize = try reader.integer()
        guard reader.remaining > 0 else { return }
        totalTokens = try reader.integer()
        guard reader.remaining > 0 else { throw reader.malformed("no data") }
        bytes = reader.rest()
    }
}

extension DataHeader {
    init(_ reader: inout RecordReader) throws(PeerError) {
        number = try reader.promptNumber()
        totalTokens = try reader.integer()
        offset = try reader.integer()
        guard reader.remaining > 0 else { throw reader.malformed("no data") }
    }
}

extension FinMessage {
    fileprivate init(_ reader: inout RecordReader) throws(PeerError) {
        number = try reader.promptNumber()
        reason = PeerFinishReason(rawValue: try reader.integer())
        let hasReceipt: UInt8 = try reader.integer()
        guard hasReceipt <= 1 else { throw reader.malformed("the receipt flag is neither 0 nor 1") }
        length = try reader.integer()
        digest = try reader.bytes(32)
        inputTokens = try reader.integer()
        outputTokens = try reader.integer()
        signature = hasReceipt == 1 ? try reader.bytes(Self.signatureSize) : []
    }
}

extension PeerErrorMessage {
    fileprivate init(_ reader: inout RecordReader) throws(PeerError) {
        code = PeerErrorCode(rawValue: try reader.integer())
        let retry: UInt32 = try reader.integer()
        retryAfter = retry == Self.noRetry ? nil : .milliseconds(retry)
        let bytes = reader.rest()
        guard bytes.count <= Self.textLimit else { throw reader.malformed("the text is too long") }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw reader.malformed("the text is not UTF-8")
        }
        self.text = text
    }
}

/// Reads the fields of a record's body, never beyond its end.
struct RecordReader {
    private let body: UnsafeRawBufferPointer
    private let type: UInt8
    private var position = 0

    init(_ body: UnsafeRawBufferPointer, type: UInt8) {
        self.body = body
        self.type = type
    }

    var remaining: Int { body.count - position }

    mutating func integer<Value: FixedWidthInteger>() throws(PeerError) -> Value {
        let size = MemoryLayout<Value>.size
        guard remaining >= size else { throw malformed("too short") }
        defer { position += size }
        return body.littleEndian(at: position)
    }

    mutating func promptNumber() throws(PeerError) -> UInt32 {
        let number: UInt32 = try integer()
        guard number > 0 else { throw malformed("prompt number 0") }
        return number
    }

    mutating func bytes(_ count: Int) throws(PeerError) -> [UInt8] {
        guard remaining >= count else { throw malformed("too short") }
        defer { position += count }
        return [UInt8](body[position..<position + count])
    }

    mutating func rest() -> [UInt8] {
        defer { position = body.count }
        return [UInt8](body[position...])
    }

    /// What has not been read, within the body's own memory.
    var restInPlace: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: body[position...]) }

    func end() throws(PeerError) {
        guard remaining == 0 else { throw malformed("too long") }
    }

    func malformed(_ reason: String) -> PeerError {
        .protocolViolation(.malformedRecord(type: type, reason: reason))
    }
}
