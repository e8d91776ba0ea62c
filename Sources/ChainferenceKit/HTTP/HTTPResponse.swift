/// A complete response.
public struct HTTPResponse: Sendable {
    /// Status, protocol version and headers.
    public let head: HTTPResponseHead
    /// The body, decompressed.
    public let body: [UInt8]

    /// The status code, such as 200.
    public var status: Int { head.status }
    /// The header fields.
    public var headers: HTTPHeaders { head.headers }

    /// Makes a response, for tests and stand-ins.
    public init(head: HTTPResponseHead, body: [UInt8]) {
        self.head = head
        self.body = body
    }
}

extension HTTPResponse: CustomStringConvertible {
    /// Status and size; never the content.
    public var description: String { "\(status) (\(body.count) bytes)" }
}

/// What a server says before the body.
public struct HTTPResponseHead: Sendable {
    /// The version of HTTP that the response came in.
    public enum Version: Hashable, Sendable {
        /// HTTP/1.0 or HTTP/1.1.
        case http1
        /// HTTP/2.
        case http2
        /// HTTP/3, when libcurl has it.
        case http3
    }

    /// The status code, such as 200.
    public let status: Int
    /// The header fields.
    public let headers: HTTPHeaders
    /// The version of HTTP that was spoken.
    public let version: Version

    /// Whether the status is 200…299.
    public var isSuccess: Bool { (200..<300).contains(status) }

    /// Makes a head, for tests and stand-ins.
    public init(status: Int, headers: HTTPHeaders = [:], version: Version = .http1) {
        self.status = status
        self.headers = headers
        self.version = version
    }
}
