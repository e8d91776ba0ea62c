/// Why a request brought no complete response.
///
/// A response with an error status is a response, not an error. No case holds a path, a query, a header or a body: those
/// carry keys and prompts. `server` is `scheme://host:port`.
public enum HTTPError: Error, Hashable, Sendable {
    /// What was under way when a deadline passed.
    public enum Phase: Hashable, Sendable {
        /// Resolving, connecting, the proxy's handshake or TLS.
        case connecting
        /// The request was sent, or was being sent, and no byte of the answer had come.
        case waitingForResponse
        /// The body had begun and then stayed silent.
        case body
        /// Anything, against the deadline for the whole request.
        case wholeRequest
    }

    /// The address is no absolute `http` or `https` address that this client takes.
    case invalidURL(reason: String)
    /// The verb, a limit or the proxy is not usable.
    case invalidRequest(reason: String)
    /// A header would break the message or is the client's own to set.
    case invalidHeader(name: String, reason: String)
    /// Plain text to a host that is not this machine.
    case plaintextRefused(server: String)
    /// The name has no address.
    case couldNotResolve(server: String)
    /// Nobody accepted the connection.
    case couldNotConnect(server: String, reason: String)
    /// The proxy could not be reached, refused, or could not reach the target.
    case proxyFailed(proxy: String, reason: HTTPProxyFailure)
    /// The server's certificate or the TLS handshake was not acceptable.
    case tlsFailed(server: String, reason: String)
    /// A deadline passed.
    case timedOut(Phase, limit: Duration)
    /// The response's headers are larger than the client takes.
    case headersTooLarge(limit: Int)
    /// The body is larger than the request allows.
    case bodyTooLarge(limit: Int)
    /// The connection ended before the body did.
    case bodyTruncated(received: Int)
    /// The connection ended before the response began.
    case connectionLost(server: String, reason: String)
    /// The server broke the rules of HTTP.
    case protocolError(server: String, reason: String)
    /// The task was cancelled, or the stream was given up.
    case cancelled
    /// The client was shut down before the request ended.
    case clientShutDown
    /// libcurl could not be set up or ran out of memory or file descriptors.
    case outOfResources(reason: String)

    /// Whether the server may have acted on the request.
    ///
    /// When false, sending the request again can't make it happen twice.
    public var mayHaveReachedServer: Bool {
        switch self {
        case .invalidURL, .invalidRequest, .invalidHeader, .plaintextRefused, .couldNotResolve, .couldNotConnect,
            .proxyFailed, .tlsFailed, .timedOut(.connecting, limit: _), .outOfResources:
            false
        case .timedOut, .headersTooLarge, .bodyTooLarge, .bodyTruncated, .connectionLost, .protocolError, .cancelled,
            .clientShutDown:
            true
        }
    }
}

extension HTTPError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .invalidURL(let reason):
            "The address is not usable: \(reason)."
        case .invalidRequest(let reason):
            "The request is not usable: \(reason)."
        case .invalidHeader(let name, let reason):
            "The header \"\(name)\" was refused: \(reason)."
        case .plaintextRefused(let server):
            "\(server) would be reached without encryption. Use https, or set allowsPlaintext if that is intended."
        case .couldNotResolve(let server):
            "The host of \(server) has no address. Check the spelling and the name server."
        case .couldNotConnect(let server, let reason):
            "\(server) does not accept connections (\(reason)). Check that it is running and reachable."
        case .proxyFailed(let proxy, let reason):
            "The proxy \(proxy) failed (\(reason)). Nothing was sent around it."
        case .tlsFailed(let server, let reason):
            "No trusted connection to \(server) (\(reason)). Check its certificate and this machine's clock."
        case .timedOut(let phase, let limit):
            "\(phase.sentence) for \(limit). Try again, or allow more time."
        case .headersTooLarge(let limit):
            "The response's headers exceed \(limit) bytes; the response was dropped."
        case .bodyTooLarge(let limit):
            "The response's body exceeds \(limit) bytes; the rest was dropped. Raise maximumBodySize if it is wanted."
        case .bodyTruncated(let received):
            "The connection ended in mid-body after \(received) bytes. The answer is incomplete; ask again."
        case .connectionLost(let server, let reason):
            "\(server) closed the connection before it answered (\(reason)). It may have acted on the request."
        case .protocolError(let server, let reason):
            "\(server) broke the rules of HTTP (\(reason)). Check that the address is that of a web server."
        case .cancelled:
            "The request was cancelled."
        case .clientShutDown:
            "The HTTP client was shut down."
        case .outOfResources(let reason):
            "The HTTP client can't go on (\(reason)). Check the limits on memory and open files."
        }
    }
}

extension HTTPError.Phase {
    fileprivate var sentence: String {
        switch self {
        case .connecting: "No connection"
        case .waitingForResponse: "No byte of a response"
        case .body: "No further byte of the body"
        case .wholeRequest: "The request was not complete"
        }
    }
}
