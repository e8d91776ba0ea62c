import HTTPTypes
import HummingbirdCore
import JSON
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The JSON-RPC endpoint over HTTP.
///
/// Built on Hummingbird's server without its application layer: there is one route, and nothing that keeps a clock
/// ticking delays the end.
struct RPCServer: Sendable {
    /// The largest body that a request may have, as on a validator.
    static let maximumBodyBytes = 50 * 1_024

    /// What the JSON of a call may ask of this server; no call nests deeper than a handful of levels.
    static let limits = JSONLimits(maximumBytes: maximumBodyBytes, maximumDepth: 64)

    let node: ClusterNode

    /// Serves until the task is cancelled.
    ///
    /// - Parameter onListening: Hears the port once it is open.
    /// - Throws: Why the port cannot be listened at.
    func serve(onListening: @escaping @Sendable (Int) -> Void) async throws {
        let configuration = node.cluster.configuration
        let wantedPort = node.rpcPort
        var logger = configuration.logger
        logger.logLevel = max(logger.logLevel, .notice)
        let responder = RPCResponder(node: node)
        let server = try HTTPServerBuilder.http1().buildServer(
            configuration: ServerConfiguration(
                address: .hostname(configuration.host, port: wantedPort),
                serverName: nil
            ),
            eventLoopGroup: MultiThreadedEventLoopGroup.singleton,
            logger: logger,
            responder: { request, writer, channel in
                let response = try await responder.respond(to: request, on: channel)
                try await writer.write(response: response.head, body: response.body)
            },
            onServerRunning: { channel in onListening(channel.localAddress?.port ?? wantedPort) }
        )
        do {
            try await server.run()
        } catch let error as IOError {
            throw ListenError(
                service: "JSON-RPC",
                host: configuration.host,
                port: wantedPort,
                cause: error
            )
        }
    }
}

/// Answers HTTP requests.
private struct RPCResponder {
    let node: ClusterNode

    private var cluster: LocalCluster { node.cluster }

    func respond(to request: Request, on channel: any Channel) async throws -> Response {
        switch request.method {
        case .get where request.uri.path == "/health": return text(.ok, "ok")
        case .options: return Response(status: .noContent, headers: Self.crossOriginHeaders)
        case .post: break
        default: return text(.methodNotAllowed, "Used HTTP Method is not allowed. POST or OPTIONS is required\n")
        }
        guard request.headers[.contentType]?.lowercased().hasPrefix("application/json") == true else {
            return text(
                .unsupportedMediaType,
                "Supplied content type is not allowed. Content-Type: application/json is required\n"
            )
        }
        let body: ByteBuffer
        do {
            body = try await request.body.collect(upTo: RPCServer.maximumBodyBytes)
        } catch {
            return text(.contentTooLarge, "the request is larger than \(RPCServer.maximumBodyBytes) bytes\n")
        }
        return try await answer(try? JSONValue(parsing: body.readableBytesView, limits: RPCServer.limits), channel)
    }

    private func answer(_ body: JSONValue?, _ channel: any Channel) async throws -> Response {
        let effect = cluster.faults.effect(on: RPCCalls.firstMethod(of: body))
        switch effect {
        case .tooManyRequests(let retryAfter):
            var response = text(.tooManyRequests, "Too many requests\n")
            if let retryAfter { response.headers[.retryAfter] = String(retryAfter) }
            return response
        case .httpStatus(let code): return Response(status: HTTPResponse.Status(code: code))
        case .dropConnection: return try await drop(channel)
        case .delay(let duration): try await Task.sleep(for: duration)
        case .stall:
            try await Task.sleep(for: Fault.longestStall)
            return try await drop(channel)
        default: break
        }
        let answer = RPCCalls(node: node).answer(body, effect: effect)
        if effect == .dropAnswer { return try await drop(channel) }
        var headers = Self.crossOriginHeaders
        headers[.contentType] = "application/json; charset=utf-8"
        return Response(
            status: .ok,
            headers: headers,
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: answer?.serialized() ?? []))
        )
    }

    private func drop(_ channel: any Channel) async throws -> Response {
        try await channel.close()
        throw CancellationError()
    }

    private func text(_ status: HTTPResponse.Status, _ text: String) -> Response {
        Response(
            status: status,
            headers: [.contentType: "text/plain"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: text))
        )
    }

    private static var crossOriginHeaders: HTTPFields {
        [
            .accessControlAllowOrigin: "*",
            .accessControlAllowMethods: "POST, OPTIONS",
            .accessControlAllowHeaders: "content-type, solana-client",
        ]
    }
}
