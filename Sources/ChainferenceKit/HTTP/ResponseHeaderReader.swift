/// Gathers header lines, as libcurl hands them over, into a response head.
///
/// Interim responses (1xx) are passed over; trailers after the head are dropped.
struct ResponseHeaderReader {
    /// The most bytes of headers, interim responses included.
    static let limit = 128 << 10

    /// Whether the head was complete.
    private(set) var isComplete = false
    private var status = 0
    private var version = HTTPResponseHead.Version.http1
    private var fields: [HTTPHeaders.Field] = []
    private var size = 0

    /// Takes one line with its line break.
    ///
    /// - Returns: The head when this line was the empty one that ends it.
    mutating func read(_ bytes: some Collection<UInt8>, server: String) throws(HTTPError) -> HTTPResponseHead? {
        size += bytes.count
        guard size <= Self.limit else { throw .headersTooLarge(limit: Self.limit) }
        guard !isComplete else { return nil }

        let line = String(decoding: Self.withoutLineBreak(bytes), as: UTF8.self)
        if line.isEmpty {
            guard (100...999).contains(status) else { throw .protocolError(server: server, reason: "no status line") }
            guard status >= 200 else { return nil }
            isComplete = true
            return HTTPResponseHead(status: status, headers: HTTPHeaders(fields), version: version)
        }
        if line.hasPrefix("HTTP/") {
            try readStatus(line, server: server)
        } else if let colon = line.utf8.firstIndex(of: UInt8(ascii: ":")), colon > line.startIndex {
            fields.append(.init(name: String(line[..<colon]), value: String(line[line.utf8.index(after: colon)...])))
        }
        // What is neither (a folded line) belongs to no field that this client could name.
        return nil
    }

    private mutating func readStatus(_ line: String, server: String) throws(HTTPError) {
        let words = line.split(separator: " ", maxSplits: 2)
        guard words.count >= 2, words[1].utf8.count == 3, let code = Int(words[1]) else {
            throw .protocolError(server: server, reason: "unreadable status line")
        }
        status = code
        version =
            switch words[0] {
            case "HTTP/2": .http2
            case "HTTP/3": .http3
            default: .http1
            }
        fields = []
    }

    private static func withoutLineBreak<Bytes: Collection<UInt8>>(_ bytes: Bytes) -> Bytes.SubSequence {
        let text = bytes.prefix { $0 != UInt8(ascii: "\r") && $0 != UInt8(ascii: "\n") }
        return text
    }
}
