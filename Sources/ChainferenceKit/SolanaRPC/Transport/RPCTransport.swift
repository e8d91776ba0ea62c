/// Carries JSON-RPC bodies to one node and its answers back.
///
/// A conforming type:
/// * throws ``RPCTransportError`` when no HTTP answer came, and says whether the request can have reached the node;
/// * returns every HTTP answer, whatever its status;
/// * reads no more than `maximumAnswerSize` bytes of an answer;
/// * returns or throws soon after the task has been cancelled;
/// * may be called from many tasks at once.
public protocol RPCTransport: Sendable {
    /// Posts one body and waits for the answer.
    ///
    /// - Parameters:
    ///   - body: JSON text.
    ///   - timeout: how long the whole exchange may take.
    ///   - maximumAnswerSize: how many bytes of body to accept.
    /// - Returns: the HTTP answer, whatever its status.
    /// - Throws: ``RPCTransportError`` or `CancellationError`.
    func post(_ body: [UInt8], timeout: Duration, maximumAnswerSize: Int) async throws -> RPCTransportAnswer
}

/// An HTTP answer, as far as JSON-RPC needs it.
public struct RPCTransportAnswer: Sendable, Hashable {
    /// The HTTP status.
    public var status: Int
    /// How long the node asks to be left alone (`Retry-After`, in either of its forms), if it does.
    public var retryAfter: Duration?
    /// The body.
    public var body: [UInt8]

    /// Makes an answer.
    public init(status: Int, retryAfter: Duration? = nil, body: [UInt8]) {
        self.status = status
        self.retryAfter = retryAfter
        self.body = body
    }
}

/// Why there was no HTTP answer.
public enum RPCTransportError: Error, Sendable, Hashable {
    /// This side refused to send the request, and always will.
    case refused(String)
    /// The node was not reached, so that the request had no effect.
    case notConnected(String)
    /// The connection failed after the request may have reached the node.
    case interrupted(String)
    /// No answer in time; the request may have had its effect.
    case timedOut
    /// The answer was larger than allowed.
    case answerTooLarge(limit: Int)
}
