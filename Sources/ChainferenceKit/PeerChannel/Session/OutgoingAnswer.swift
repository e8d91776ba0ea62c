import SodiumCrypto

/// A server's answer: every byte that the program has given, and how far the connection of the moment has got with it.
///
/// The bytes stay until the next prompt, so that a client which lost its connection can go on from any of them.
struct OutgoingAnswer: Sendable {
    let number: UInt32
    /// SHA-256 of the prompt: what the same prompt is recognised by.
    let promptDigest: [UInt8]
    /// The handshake hash of the connection that brought the prompt, which the receipt names.
    let channelBinding: [UInt8]
    private(set) var parameters: AnswerParameters?
    private(set) var isCancelled = false
    /// The end, once the program has given it; goes out after the last byte.
    private(set) var finish: FinMessage?
    /// Tokens given by the program so far.
    private(set) var tokens: UInt32 = 0
    /// The first byte that may not be sent yet.
    private(set) var windowLimit: UInt64
    /// Whether a connection carries the answer at the moment.
    private(set) var isAttached = true
    /// Whether the client has to be told the parameters before anything else.
    private(set) var owesAccept = false

    private var hash = SHA256()
    private var bytes: [UInt8] = []
    private var sent = 0
    private var marks: [(end: Int, total: UInt32)] = []
    private var nextMark = 0
    private var sentTokens: UInt32 = 0

    init(number: UInt32, promptDigest: [UInt8], channelBinding: [UInt8], window: UInt32) {
        self.number = number
        self.promptDigest = promptDigest
        self.channelBinding = channelBinding
        windowLimit = UInt64(window)
    }

    /// Bytes given by the program so far.
    var length: UInt64 { UInt64(bytes.count) }
    var waitingCount: Int { bytes.count - sent }
    var sentLength: UInt64 { UInt64(sent) }
    var digest: [UInt8] { hash.finalize() }

    mutating func accept(_ parameters: AnswerParameters) {
        self.parameters = parameters
        owesAccept = true
    }

    mutating func acceptWritten() { owesAccept = false }
    mutating func cancel() { isCancelled = true }
    mutating func end(_ fin: FinMessage) { finish = fin }

    mutating func append(_ piece: ArraySlice<UInt8>) {
        bytes.append(contentsOf: piece)
        hash.update(piece)
    }

    /// Notes that so many tokens have ended with the bytes given so far.
    mutating func mark(tokens count: UInt32) {
        guard count > 0 else { return }
        tokens = UInt32(clamping: UInt64(tokens) + UInt64(count))
        if nextMark < marks.count, marks[marks.count - 1].end == bytes.count {
            marks[marks.count - 1].total = tokens
        } else {
            marks.append((bytes.count, tokens))
        }
    }

    /// Widens the window; a limit below the present one changes nothing.
    mutating func widenWindow(to limit: UInt64) { windowLimit = max(windowLimit, limit) }

    /// The connection is gone.
    mutating func detach() { isAttached = false }

    /// Whether `digest` is that of the first `offset` bytes.
    func hasPrefix(_ offset: UInt64, digest: [UInt8]) -> Bool {
        guard offset <= length else { return false }
        return ConstantTime.areEqual(SHA256.hash(bytes[..<Int(offset)]), digest)
    }

    /// Another connection goes on at `offset`, which is within the answer.
    mutating func attach(at offset: UInt64, window: UInt32) {
        sent = Int(offset)
        nextMark = marks.firstIndex { $0.end > sent } ?? marks.count
        sentTokens = nextMark > 0 ? marks[nextMark - 1].total : 0
        windowLimit = offset + UInt64(window)
        isAttached = true
        owesAccept = parameters != nil
    }

    /// The header and size of the next piece, at most `limit` bytes; `nil` if nothing waits or the window is full.
    func nextPiece(limit: Int) -> (header: DataHeader, count: Int)? {
        guard isAttached else { return nil }
        let open = windowLimit > sentLength ? windowLimit - sentLength : 0
        let count = min(waitingCount, limit, Int(clamping: open))
        guard count > 0 else { return nil }
        var total = sentTokens
        var index = nextMark
        while index < marks.count, marks[index].end <= sent + count {
            total = marks[index].total
            index += 1
        }
        return (DataHeader(number: number, totalTokens: total, offset: sentLength), count)
    }

    /// Lends the next `count` bytes, which count as sent.
    mutating func takePiece(_ header: DataHeader, count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        bytes.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[sent..<sent + count])) }
        sent += count
        sentTokens = header.totalTokens
        while nextMark < marks.count, marks[nextMark].end <= sent { nextMark += 1 }
    }
}
