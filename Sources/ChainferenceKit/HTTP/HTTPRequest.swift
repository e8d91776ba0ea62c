/// One request to one server.
public struct HTTPRequest: Sendable {
    /// The verb.
    public var method: HTTPMethod
    /// An absolute `https` or `http` address; see ``HTTPClient/Configuration/allowsPlaintext`` for the latter.
    public var url: String
    /// The header fields; names and values with line breaks or other control characters are refused.
    ///
    /// `Content-Length`, `Transfer-Encoding`, `Connection`, `Upgrade` and `TE` are the client's own and are refused too.
    public var headers: HTTPHeaders
    /// What is sent after the headers; empty means no body.
    public var body: [UInt8]
    /// The deadlines of this request.
    public var timeouts: HTTPTimeouts
    /// The most bytes of response body to accept, counted after decompression.
    ///
    /// A response that announces more, or sends more, ends in ``HTTPError/bodyTooLarge(limit:)``.
    public var maximumBodySize: Int

    /// The limit that applies when a request names none: 32 MiB.
    public static let defaultMaximumBodySize = 32 << 20

    /// Makes a request.
    ///
    /// - Parameters:
    ///   - method: The verb.
    ///   - url: An absolute `https` or `http` address without user name and password.
    ///   - headers: The header fields.
    ///   - body: What is sent after the headers; empty means no body.
    ///   - timeouts: The deadlines of this request.
    ///   - maximumBodySize: The most bytes of response body to accept.
    public init(
        method: HTTPMethod = .get,
        url: String,
        headers: HTTPHeaders = [:],
        body: [UInt8] = [],
        timeouts: HTTPTimeouts = HTTPTimeouts(),
        maximumBodySize: Int = HTTPRequest.defaultMaximumBodySize
    ) {
        self.method = method
        self.url = url
        self.headers = headers
        self.body = body
        self.timeouts = timeouts
        self.maximumBodySize = maximumBodySize
    }

    /// A POST of JSON bytes that accepts JSON.
    public static func post(
        json: [UInt8],
        to url: String,
        headers: HTTPHeaders = [:],
        timeouts: HTTPTimeouts = HTTPTimeouts()
    ) -> HTTPRequest {
        var headers = headers
        headers["Content-Type"] = "application/json"
        if headers["Accept"] == nil { headers["Accept"] = "application/json" }
        return HTTPRequest(method: .post, url: url, headers: headers, body: json, timeouts: timeouts)
    }
}

extension HTTPRequest: CustomStringConvertible, CustomReflectable {
    /// Verb and server alone: paths, queries, headers and bodies carry keys and prompts.
    public var description: String {
        "\(method) \((try? HTTPOrigin(parsing: url).origin) ?? "(invalid address)") (\(body.count) bytes)"
    }

    /// Shows debuggers and `dump` no more than ``description`` does.
    public var customMirror: Mirror { Mirror(self, children: ["request": description]) }
}

/// The deadlines of a request; nil means none.
public struct HTTPTimeouts: Hashable, Sendable {
    /// From the call until the connection (with proxy and TLS) stands, and a free one is found when connections are limited.
    public var connect: Duration
    /// The longest silence: time without a byte going either way.
    ///
    /// It runs from the connection on, and stands still while the reader of a streamed body holds the server back.
    public var idle: Duration?
    /// From the call until the last byte of the body.
    public var total: Duration?

    /// Makes deadlines: ten seconds to connect, thirty of silence and no limit in total, unless said otherwise.
    public init(connect: Duration = .seconds(10), idle: Duration? = .seconds(30), total: Duration? = nil) {
        self.connect = connect
        self.idle = idle
        self.total = total
    }
}
