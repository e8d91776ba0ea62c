public import ChainferenceKit
import HTTPTypes
import HummingbirdCore
public import Logging
import NIOCore
import NIOPosix
public import ServiceLifecycle

/// Serves a provider's health and metrics over HTTP.
///
/// `GET /health` answers 200 or 503 with a ``HealthReport``, `GET /live` answers 200 as long as the process answers at
/// all, and `GET /metrics` gives a ``PrometheusText``. There is no authentication: keep it on a loopback address, or behind
/// something that has it. Nothing in it is secret, but what a provider earns is its own business.
public struct MonitoringServer: Service {
    private let host: String
    private let port: Int
    private let logger: Logger
    private let status: @Sendable () -> ProviderStatus
    private let onListening: @Sendable (Int) -> Void

    /// Makes a server that does not listen yet.
    ///
    /// - Parameters:
    ///   - host: The address to listen at.
    ///   - port: The TCP port; 0 lets the system choose.
    ///   - logger: Gets notes about connections.
    ///   - onListening: Told the port once it is open.
    ///   - status: Says what the provider is doing; called for each request.
    public init(
        host: String = "127.0.0.1",
        port: Int,
        logger: Logger = Logger(label: "chainference.monitoring"),
        onListening: @escaping @Sendable (Int) -> Void = { _ in },
        status: @escaping @Sendable () -> ProviderStatus
    ) {
        self.host = host
        self.port = port
        self.logger = logger
        self.onListening = onListening
        self.status = status
    }

    /// Serves until the task is cancelled or the service group shuts down.
    ///
    /// - Throws: ``MonitoringError`` when the port can't be had.
    public func run() async throws {
        var logger = logger
        // What goes wrong is thrown; that a child was cancelled with its server is nothing that went wrong.
        logger.logLevel = .critical
        let (status, onListening, port) = (status, onListening, port)
        let server = try HTTPServerBuilder.http1().buildServer(
            configuration: ServerConfiguration(address: .hostname(host, port: port), serverName: nil),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            responder: { request, writer, _ in
                let response = Self.response(to: request, status)
                try await writer.write(response: response.head, body: response.body)
            },
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? port) }
        )
        do {
            try await server.run()
        } catch let error as IOError {
            throw MonitoringError.cannotListen(host: host, port: port, reason: "\(error)")
        }
    }

    private static func response(to request: Request, _ status: () -> ProviderStatus) -> Response {
        guard request.method == .get || request.method == .head else {
            return text(.methodNotAllowed, "Only GET is understood here.\n")
        }
        switch request.uri.path {
        case "/live": return text(.ok, "alive\n")
        case "/health":
            let report = HealthReport(status())
            return text(report.isHealthy ? .ok : .serviceUnavailable, report.json, type: "application/json")
        case "/metrics": return text(.ok, PrometheusText(status()).text, type: PrometheusText.contentType)
        default: return text(.notFound, "Here are /health, /live and /metrics.\n")
        }
    }

    private static func text(
        _ status: HTTPResponse.Status,
        _ text: String,
        type: String = "text/plain; charset=utf-8"
    ) -> Response {
        Response(
            status: status,
            headers: [.contentType: type, .cacheControl: "no-store"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }
}

/// Why health and metrics can't be served.
public enum MonitoringError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The port is taken, or not this user's.
    case cannotListen(host: String, port: Int, reason: String)

    /// What happened and what to do.
    public var description: String {
        switch self {
        case .cannotListen(let host, let port, let reason):
            "Health and metrics can't be served at \(host):\(port): \(reason). Choose another port."
        }
    }
}
