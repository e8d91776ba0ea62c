public import CurlHTTP

/// JSON-RPC over HTTP, through libcurl.
public struct CurlTransport: RPCTransport {
    private let client: HTTPClient
    private let url: String
    private let headers: HTTPHeaders

    /// Makes a transport to one node.
    ///
    /// - Parameters:
    ///   - url: the node's URL.
    ///   - client: the HTTP client, which decides on proxies and certificates.
    ///   - headers: further headers, such as an API key.
    public init(url: String, client: HTTPClient, headers: HTTPHeaders = [:]) {
        self.url = url
        self.client = client
        self.headers = headers
    }

    /// Posts one body and waits for the answer.
    ///
    /// - Parameters:
    ///   - body: JSON text.
    ///   - timeout: how long the whole exchange may take.
    ///   - maximumAnswerSize: how many bytes of body to accept.
    /// - Returns: the HTTP answer, whatever its status.
    /// - Throws: ``RPCTransportError`` or `CancellationError`.
    public func post(_ body: [UInt8], timeout: Duration, maximumAnswerSize: Int) async throws -> RPCTransportAnswer {
        var request = HTTPRequest.post(
            json: body,
            to: url,
            headers: headers,
            timeouts: HTTPTimeouts(connect: min(timeout, .seconds(10)), idle: timeout, total: timeout)
        )
        request.maximumBodySize = maximumAnswerSize
        do {
            let response = try await client.send(request)
            return RPCTransportAnswer(
                status: response.status,
                retryAfter: response.headers.retryAfter,
                body: response.body
            )
        } catch {
            switch error {
            case .cancelled: throw CancellationError()
            case .invalidURL, .invalidRequest, .invalidHeader, .plaintextRefused:
                throw RPCTransportError.refused("\(error)")
            case .bodyTooLarge(let limit): throw RPCTransportError.answerTooLarge(limit: limit)
            case .timedOut where error.mayHaveReachedServer: throw RPCTransportError.timedOut
            case _ where error.mayHaveReachedServer: throw RPCTransportError.interrupted("\(error)")
            default: throw RPCTransportError.notConnected("\(error)")
            }
        }
    }
}
