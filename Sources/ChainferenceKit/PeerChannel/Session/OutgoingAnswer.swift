import SodiumCrypto

/// A server's answer on its way to the wire: bytes that wait, token marks, the running digest.
struct OutgoingAnswer: Sendable {
    let number: UInt32
    private(set) var parameters: AnswerParameters?
    private(set) var isCancelled = false
    /// The end, once the program has given it; goes out after the last byte.
    private(set) var finish: FinMessage?
    /// Bytes given by the program so far.
    private(set) var length: UInt64 = 0
    /// Tokens given by the program so far.
    private(set) var tokens: UInt32 = 0
    /// The first byte that may not be sent yet.
    private(set) var windowLimit: UInt64

    private var hash = SHA256()
    private var waiting: [UInt8] = []
    private var waitingStart = 0
    private var marks: [(end: UInt64, total: UInt32)] = []
    private var marksStart = 0
    private var sentTokens: UInt32 = 0

    init(number: UInt32, window: UInt32) {
        self.number = number
        windowLimit = UInt64(window)
    }

    var waitingCount: Int { waiting.count - waitingStart }
    var sentLength: UInt64 { length - UInt64(waitingCount) }
    var digest: [UInt8] { hash.finalize() }

    mutating func accept(_ parameters: AnswerParameters) { self.parameters = parameters }
    mutating func cancel() { isCancelled = true }
    mutating func end(_ fin: FinMessage) { finish = fin }

    mutating func append(_ bytes: ArraySlice<UInt8>) {
        if waitingStart == waiting.count {
            waiting.removeAll(keepingCapacity: true)
            waitingStart = 0
        } else if waitingStart > 65_536 {
            waiting.removeSubrange(..<waitingStart)
            waitingStart = 0
        }
        waiting.append(contentsOf: bytes)
        hash.update(bytes)
        length += UInt64(bytes.count)
    }

    /// Notes that so many tokens have ended with the bytes given so far.
    mutating func mark(tokens count: UInt32) {
        guard count > 0 else { return }
        tokens = UInt32(clamping: UInt64(tokens) + UInt64(count))
        if marksStart < marks.count, marks[marks.count - 1].end == length {
            marks[marks.count - 1].total = tokens
            return
        }
        if marksStart > 4_096 {
            marks.removeSubrange(..<marksStart)
            marksStart = 0
        }
        marks.append((length, tokens))
    }

    /// Widens the window; a limit below the present one changes nothing.
    mutating func widenWindow(to limit: UInt64) { windowLimit = max(windowLimit, limit) }

    /// The header and size of the next piece, at most `limit` bytes; `nil` if nothing waits or the window is full.
    func nextPiece(limit: Int) -> (header: DataHeader, count: Int)? {
        let open = windowLimit > sentLength ? windowLimit - sentLength : 0
        let count = min(waitingCount, limit, Int(clamping: open))
        guard count > 0 else { return nil }
        let end = sentLength + UInt64(count)
        var total = sentTokens
        var index = marksStart
        while index < marks.count, marks[index].end <= end {
            total = marks[index].total
            index += 1
        }
        return (DataHeader(number: number, totalTokens: total, offset: sentLength), count)
    }

    /// Lends the next `count` bytes, and forgets them.
    mutating func takePiece(_ header: DataHeader, count: Int, _ body: (UnsafeRawBufferPointer) -> Void) {
        waiting.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[waitingStart..<waitingStart + count])) }
        waitingStart += count
        sentTokens = header.totalTokens
        while marksStart < marks.count, marks[marksStart].end <= sentLength { marksStart += 1 }
    }
}
