/// One event of a `text/event-stream`.
struct ServerSentEvent: Hashable, Sendable {
    /// The event's type; `message` unless the stream says otherwise.
    var name = "message"
    /// The data lines, joined by line feeds.
    var data: String
}

/// Cuts a `text/event-stream` into events, however its bytes are chunked.
///
/// A pure state machine after the WHATWG's HTML standard, section 9.2. It works on bytes, so a character or a line break that
/// is split between chunks needs no care; invalid UTF-8 becomes U+FFFD when an event is complete. Two deliberate
/// deviations: `id` and `retry` are dropped, since nobody reconnects in the middle of an answer; and an event that the
/// end of the stream cuts short of its empty line is delivered by ``finish()``, because many servers forget that line.
struct ServerSentEventParser {
    /// The most bytes that an event's data may have.
    static let defaultLimit = 4 << 20

    /// The stream has an event or a line that is larger than allowed.
    struct TooLarge: Error {
        let limit: Int
    }

    private let limit: Int
    private var line: [UInt8] = []
    private var data: [UInt8] = []
    private var hasData = false
    private var name: [UInt8] = []
    private var isAtStart = true
    private var followsCarriageReturn = false

    init(limit: Int = ServerSentEventParser.defaultLimit) {
        self.limit = limit
    }

    /// Takes the next bytes and returns the events that they complete.
    mutating func read(_ bytes: some Collection<UInt8>) throws(TooLarge) -> [ServerSentEvent] {
        var events: [ServerSentEvent] = []
        var rest = bytes[...]
        while let first = rest.first {
            if followsCarriageReturn {
                followsCarriageReturn = false
                // The second half of a CR LF whose first half has ended the line.
                if first == UInt8(ascii: "\n") {
                    rest = rest.dropFirst()
                    continue
                }
            }
            let end = rest.firstIndex { $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\r") }
            let part = rest[..<(end ?? rest.endIndex)]
            guard part.count <= limit - line.count else { throw TooLarge(limit: limit) }
            line += part
            guard let end else { break }
            followsCarriageReturn = rest[end] == UInt8(ascii: "\r")
            rest = rest[rest.index(after: end)...]
            if let event = try endLine() { events.append(event) }
        }
        return events
    }

    /// Takes the end of the stream and returns the event that it left unfinished, if it has data.
    mutating func finish() throws(TooLarge) -> ServerSentEvent? {
        if !line.isEmpty { _ = try endLine() }
        return dispatch()
    }

    private mutating func endLine() throws(TooLarge) -> ServerSentEvent? {
        defer { line.removeAll(keepingCapacity: true) }
        if isAtStart {
            isAtStart = false
            if line.starts(with: [0xef, 0xbb, 0xbf]) { line.removeFirst(3) }
        }
        if line.isEmpty { return dispatch() }
        let colon = line.firstIndex(of: UInt8(ascii: ":")) ?? line.endIndex
        var value = line[colon...].dropFirst()
        if value.first == UInt8(ascii: " ") { value = value.dropFirst() }
        let field = line[..<colon]
        if field.elementsEqual("data".utf8) {
            guard data.count + value.count < limit else { throw TooLarge(limit: limit) }
            if hasData { data.append(UInt8(ascii: "\n")) }
            hasData = true
            data += value
        } else if field.elementsEqual("event".utf8) {
            name = Array(value)
        }
        // A line that begins with a colon is a comment: servers send them to keep connections open.
        return nil
    }

    private mutating func dispatch() -> ServerSentEvent? {
        defer {
            data.removeAll(keepingCapacity: true)
            name.removeAll(keepingCapacity: true)
            hasData = false
        }
        guard hasData else { return nil }
        var event = ServerSentEvent(data: String(decoding: data, as: UTF8.self))
        if !name.isEmpty { event.name = String(decoding: name, as: UTF8.self) }
        return event
    }
}
