import Synchronization

/// An OpenAI-compatible server that says what a test wants it to say.
final class FakeEngine: Sendable {
    struct Request: Sendable {
        let headers: String
        let body: String
    }

    private final class Log: Sendable {
        let requests = Mutex<[Request]>([])
    }

    private let server: LocalServer
    private let log = Log()

    /// The requests so far.
    var requests: [Request] { log.requests.withLock { $0 } }

    var url: String { server.url("") }
    var port: UInt16 { server.port }

    /// Starts a server.
    ///
    /// - Parameter script: Answers the request of the given number, counted from 0; then the connection is closed.
    /// - Throws: When no port is free.
    init(_ script: @escaping @Sendable (Int, LocalServer.Connection) -> Void) throws {
        let log = log
        server = try LocalServer { connection in
            guard let (headers, body) = connection.readRequest() else { return }
            let number = log.requests.withLock { requests in
                requests.append(Request(headers: headers, body: String(decoding: body, as: UTF8.self)))
                return requests.count - 1
            }
            script(number, connection)
        }
    }

    /// Starts a server that gives one whole answer.
    convenience init(
        status: String = "200 OK",
        type: String = "text/event-stream",
        headers: String = "",
        _ body: String
    ) throws {
        try self.init { _, connection in
            connection.write(
                "HTTP/1.1 \(status)\r\nContent-Type: \(type)\r\n\(headers)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
            )
        }
    }

    deinit {
        server.stop()
    }

    static let eventStream =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n"

    /// A chunk of text as an event.
    static func piece(_ text: String) -> String { "data: {\"choices\":[{\"delta\":{\"content\":\"\(text)\"}}]}\n\n" }

    /// How an answer ends.
    static let ending = "data: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n"
}
