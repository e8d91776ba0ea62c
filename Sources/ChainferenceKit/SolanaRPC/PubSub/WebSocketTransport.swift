/// What goes over a WebSocket connection.
enum WebSocketMessage: Hashable, Sendable {
    case text([UInt8])
    case ping([UInt8])
    case pong([UInt8])
    case close
}

/// An open WebSocket connection.
struct WebSocketConnection: Sendable {
    /// What the other side sends, until the connection ends; for one task.
    let inbound: any AsyncSequence<WebSocketMessage, any Error> & Sendable
    /// Sends a message, and waits while the other side is slow.
    let send: @Sendable (WebSocketMessage) async throws -> Void
}

/// Opens WebSocket connections; a protocol so that tests can be the other side.
protocol WebSocketTransport: Sendable {
    /// Connects, runs `body`, and closes the connection when it returns or throws.
    func withConnection(
        to address: EndpointAddress,
        configuration: PubSubConfiguration,
        body: @escaping @Sendable (WebSocketConnection) async throws -> Void
    ) async throws
}

/// Why a WebSocket connection was not made, or ended.
enum WebSocketError: Error, Hashable {
    /// Nobody answered there, or TLS failed.
    case unreachable(String)
    /// The server answered with that HTTP status instead of switching protocols.
    case notUpgraded(status: Int)
    /// This side gave up.
    case dropped(String)
    /// The other side closed.
    case closed
    /// The proxy did not let the connection through.
    case proxy(String)
}

extension WebSocketError: CustomStringConvertible {
    var description: String {
        switch self {
        case .unreachable(let reason):
            "unreachable: \(reason); see whether a node listens at that URL, and whether a proxy is needed"
        case .notUpgraded(let status):
            "the server answered HTTP \(status) instead of WebSocket; see whether the URL is the node's PubSub endpoint"
        case .dropped(let reason): reason
        case .closed: "the node closed the connection"
        case .proxy(let reason): "the proxy failed: \(reason)"
        }
    }
}
