/// A request that has been checked and holds everything that the driver needs.
struct PreparedRequest: Sendable {
    let target: HTTPOrigin
    let method: HTTPMethod
    /// Header lines in libcurl's notation.
    let headerLines: [String]
    let body: [UInt8]
    let timeouts: HTTPTimeouts
    let maximumBodySize: Int
    let configuration: HTTPClient.Configuration

    /// Header names that are the client's own: a second opinion on where a message ends lets requests be smuggled.
    private static let reserved = ["content-length", "transfer-encoding", "connection", "upgrade", "te", "expect"]

    init(_ request: HTTPRequest, configuration: HTTPClient.Configuration) throws(HTTPError) {
        target = try HTTPOrigin(parsing: request.url)
        guard target.isEncrypted || configuration.allowsPlaintext || (target.isLoopback && configuration.proxy == nil)
        else {
            throw .plaintextRefused(server: target.origin)
        }
        guard Self.isToken(request.method.rawValue) else {
            throw .invalidRequest(reason: "the method is no HTTP token")
        }
        guard request.method != .head || request.body.isEmpty else {
            throw .invalidRequest(reason: "a HEAD request has no body")
        }
        guard request.maximumBodySize >= 0 else { throw .invalidRequest(reason: "maximumBodySize is negative") }
        guard configuration.streamWindow > 0 else { throw .invalidRequest(reason: "streamWindow is not positive") }
        if let proxy = configuration.proxy { try Self.check(proxy) }
        for limit in [request.timeouts.connect, request.timeouts.idle, request.timeouts.total] {
            if let limit, limit <= .zero { throw .invalidRequest(reason: "a deadline is not positive") }
        }

        var headers = request.headers
        if headers["User-Agent"] == nil { headers["User-Agent"] = configuration.userAgent }
        headerLines = try Self.lines(of: headers, hasBody: !request.body.isEmpty)
        method = request.method
        body = request.body
        timeouts = request.timeouts
        maximumBodySize = request.maximumBodySize
        self.configuration = configuration
    }

    /// Prepares a connection without a message; what travels over it is not this client's to judge.
    init(
        connectingTo host: String,
        port: UInt16,
        timeout: Duration,
        configuration: HTTPClient.Configuration
    ) throws(HTTPError) {
        let authority = host.utf8.contains(UInt8(ascii: ":")) ? "[\(host)]" : host
        target = try HTTPOrigin(parsing: "http://\(authority):\(port)")
        // Nothing of the host may be read as something else.
        guard port != 0, target.origin == "http://\(authority.lowercased()):\(port)" else {
            throw .invalidURL(reason: "no host and port to connect to")
        }
        if let proxy = configuration.proxy { try Self.check(proxy) }
        guard timeout > .zero else { throw .invalidRequest(reason: "a deadline is not positive") }
        headerLines = []
        method = .get
        body = []
        timeouts = HTTPTimeouts(connect: timeout, idle: nil)
        maximumBodySize = 0
        self.configuration = configuration
    }

    private static func lines(of headers: HTTPHeaders, hasBody: Bool) throws(HTTPError) -> [String] {
        var lines: [String] = []
        for field in headers {
            guard isToken(field.name) else {
                throw .invalidHeader(name: printable(field.name), reason: "the name is no HTTP token")
            }
            guard !reserved.contains(field.name.lowercased()) else {
                throw .invalidHeader(name: field.name, reason: "the client sets it itself")
            }
            // Line breaks would start a header, or a request, of the caller's caller's choice.
            guard field.value.utf8.allSatisfy({ ($0 >= 0x20 && $0 != 0x7f) || $0 == 0x09 }) else {
                throw .invalidHeader(name: field.name, reason: "the value holds control characters or line breaks")
            }
            // libcurl takes "Name:" for a removal and "Name;" for an empty value.
            lines.append(field.value.isEmpty ? "\(field.name);" : "\(field.name): \(field.value)")
        }
        // libcurl would name a form type and, for large bodies, wait a second for "100 Continue".
        if headers["Content-Type"] == nil { lines.append("Content-Type:") }
        if hasBody { lines.append("Expect:") }
        return lines
    }

    private static func check(_ proxy: HTTPProxy) throws(HTTPError) {
        guard !proxy.host.isEmpty, proxy.port != 0,
            proxy.host.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f && !"/@?#%\\".utf8.contains($0) })
        else {
            throw .invalidRequest(reason: "the proxy's host or port is not usable")
        }
    }

    private static func isToken(_ text: String) -> Bool {
        !text.isEmpty
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"):
                    true
                default:
                    "!#$%&'*+-.^_`|~".utf8.contains(byte)
                }
            }
    }

    private static func printable(_ text: String) -> String {
        String(
            decoding: text.utf8.prefix(40).map { (0x20..<0x7f).contains($0) ? $0 : UInt8(ascii: "?") },
            as: UTF8.self
        )
    }
}
