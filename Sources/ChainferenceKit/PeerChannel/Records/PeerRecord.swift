/// The records of a session, decoded.
///
/// Integers are little-endian; every record has exactly one form.
enum PeerRecord: Hashable, Sendable {
    case pad
    case prompt(PromptMessage)
    case accept(AcceptMessage)
    case data(DataHeader, bytes: [UInt8])
    case fin(FinMessage)
    case cancel(number: UInt32)
    case cancelled(CancelledMessage)
    case error(number: UInt32, PeerErrorMessage)
    case ping(UInt64)
    case pong(UInt64)
    case resume(ResumeMessage)
    case window(number: UInt32, limit: UInt64)
    case close(PeerCloseReason)
    case voucher(PeerVoucher)
    /// A type that this version does not know and may ignore.
    case ignored(type: UInt8)
}

/// A prompt: number, byte window, length, digest, then the bytes.
struct PromptMessage: Hashable, Sendable {
    static let headerSize = 44
    /// The session-wide number of the prompt, from 1.
    var number: UInt32
    /// How many bytes of the answer may be sent before a WINDOW record allows more.
    var window: UInt32
    /// SHA-256 of the bytes.
    var digest: [UInt8]
    var bytes: [UInt8]
}

/// The terms on which a prompt is taken.
struct AcceptMessage: Hashable, Sendable {
    static let size = 20
    /// What the first bytes of the answer cost besides themselves.
    static let dataOverhead = 4
    var number: UInt32
    var parameters: AnswerParameters
    /// The server's shape in this session; 0 and 0 without shaping.
    var tickMilliseconds: UInt16
    var recordSize: UInt16
    /// Tokens that have ended up to the end of `bytes`.
    var totalTokens: UInt32 = 0
    /// The next bytes of the answer, if there are any already: the first token need not wait for another record.
    var bytes: [UInt8] = []
}

/// What stands before the bytes of a DATA record.
struct DataHeader: Hashable, Sendable {
    static let size = AnswerData.headerSize
    var number: UInt32
    /// Tokens that have ended up to the end of this record's bytes.
    var totalTokens: UInt32
    /// Where the bytes begin in the answer.
    var offset: UInt64
}

/// The end of an answer.
struct FinMessage: Hashable, Sendable {
    static let size = 54
    static let signatureSize = 64
    var number: UInt32
    var reason: PeerFinishReason
    var length: UInt64
    var digest: [UInt8]
    var inputTokens: UInt32
    var outputTokens: UInt32
    /// 64 bytes, or nothing.
    var signature: [UInt8]
}

/// The answer to CANCEL: nothing beyond this will be generated or charged.
struct CancelledMessage: Hashable, Sendable {
    static let size = 20
    var number: UInt32
    var inputTokens: UInt32
    var outputTokens: UInt32
    var length: UInt64
}

/// Asks for an answer from an offset on, and proves what the client already has.
struct ResumeMessage: Hashable, Sendable {
    static let size = 48
    var number: UInt32
    /// How many bytes from the offset on may be sent before a WINDOW record allows more.
    var window: UInt32
    var offset: UInt64
    /// SHA-256 of the bytes before the offset.
    var prefixDigest: [UInt8]
}

extension PeerRecord {
    /// The record's type on the wire.
    var type: UInt8 {
        switch self {
        case .pad: RecordType.pad.rawValue
        case .prompt: RecordType.prompt.rawValue
        case .accept: RecordType.accept.rawValue
        case .data: RecordType.data.rawValue
        case .fin: RecordType.fin.rawValue
        case .cancel: RecordType.cancel.rawValue
        case .cancelled: RecordType.cancelled.rawValue
        case .error: RecordType.error.rawValue
        case .ping: RecordType.ping.rawValue
        case .pong: RecordType.pong.rawValue
        case .resume: RecordType.resume.rawValue
        case .window: RecordType.window.rawValue
        case .close: RecordType.close.rawValue
        case .voucher: RecordType.voucher.rawValue
        case .ignored(let type): type
        }
    }

    /// The record's body.
    func encodedBody() -> [UInt8] {
        var body: [UInt8] = []
        switch self {
        case .pad, .ignored: break
        case .prompt(let message):
            body.reserveCapacity(PromptMessage.headerSize + message.bytes.count)
            body.appendLittleEndian(message.number)
            body.appendLittleEndian(message.window)
            body.appendLittleEndian(UInt32(message.bytes.count))
            body += message.digest
            body += message.bytes
        case .accept(let message):
            body.appendLittleEndian(message.number)
            body.appendLittleEndian(message.parameters.inputTokens)
            body.appendLittleEndian(message.parameters.maximumOutputTokens)
            body.appendLittleEndian(message.parameters.voucherWindow)
            body.appendLittleEndian(message.tickMilliseconds)
            body.appendLittleEndian(message.recordSize)
            guard !message.bytes.isEmpty else { break }
            body.appendLittleEndian(message.totalTokens)
            body += message.bytes
        case .data(let header, let bytes):
            body.appendLittleEndian(header.number)
            body.appendLittleEndian(header.totalTokens)
            body.appendLittleEndian(header.offset)
            body += bytes
        case .fin(let message):
            body.appendLittleEndian(message.number)
            body.append(message.reason.rawValue)
            body.append(message.signature.isEmpty ? 0 : 1)
            body.appendLittleEndian(message.length)
            body += message.digest
            body.appendLittleEndian(message.inputTokens)
            body.appendLittleEndian(message.outputTokens)
            body += message.signature
        case .cancel(let number): body.appendLittleEndian(number)
        case .cancelled(let message):
            body.appendLittleEndian(message.number)
            body.appendLittleEndian(message.inputTokens)
            body.appendLittleEndian(message.outputTokens)
            body.appendLittleEndian(message.length)
        case .error(let number, let message):
            body.appendLittleEndian(number)
            body.appendLittleEndian(message.code.rawValue)
            body.appendLittleEndian(message.encodedRetry)
            body += message.encodedText
        case .ping(let token), .pong(let token): body.appendLittleEndian(token)
        case .resume(let message):
            body.appendLittleEndian(message.number)
            body.appendLittleEndian(message.window)
            body.appendLittleEndian(message.offset)
            body += message.prefixDigest
        case .window(let number, let limit):
            body.appendLittleEndian(number)
            body.appendLittleEndian(limit)
        case .close(let reason): body.append(reason.rawValue)
        case .voucher(let voucher):
            body.appendLittleEndian(voucher.cumulative)
            body.appendLittleEndian(voucher.expiresAt)
            body += voucher.signature
        }
        return body
    }
}

extension PeerErrorMessage {
    /// The longest text, in bytes.
    static let textLimit = 256
    /// "Never", on the wire.
    static let noRetry = UInt32.max

    fileprivate var encodedRetry: UInt32 {
        guard let retryAfter else { return Self.noRetry }
        return UInt32(clamping: min(max(retryAfter.wholeMilliseconds, 0), Int64(Self.noRetry - 1)))
    }

    /// The text's first bytes, cut between characters.
    fileprivate var encodedText: [UInt8] {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            let encoded = Array(String(scalar).utf8)
            guard bytes.count + encoded.count <= Self.textLimit else { break }
            bytes += encoded
        }
        return bytes
    }
}
