import JSON
import Logging
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket

/// The PubSub endpoint: JSON-RPC over WebSocket.
struct PubSubServer: Sendable {
    /// The largest message that a client may send, pieced together.
    static let maximumMessageBytes = 64 * 1_024

    private typealias WebSocket = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private enum Connection: Sendable {
        case webSocket(WebSocket)
        case refused
    }

    private let node: ClusterNode
    private let listener: NIOAsyncChannel<EventLoopFuture<Connection>, Never>

    /// The port that it listens at.
    var port: Int { listener.channel.localAddress?.port ?? 0 }

    private var cluster: LocalCluster { node.cluster }

    /// Binds a node's port; ``serve()`` must follow.
    static func bind(for node: ClusterNode) async throws -> PubSubServer {
        let configuration = node.cluster.configuration
        let port = node.pubSubPort ?? (node.rpcPort == 0 ? 0 : node.rpcPort + 1)
        let bootstrap = ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
        do {
            let listener = try await bootstrap.bind(host: configuration.host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try upgrade(channel) }
            }
            return PubSubServer(node: node, listener: listener)
        } catch let error as IOError {
            throw ListenError(service: "PubSub", host: configuration.host, port: port, cause: error)
        }
    }

    /// Serves connections until the task is cancelled.
    func serve() async throws {
        try await withThrowingDiscardingTaskGroup { group in
            try await listener.executeThenClose { connections in
                for try await connection in connections {
                    group.addTask { await serve(connection) }
                }
            }
        }
    }

    // MARK: Connections

    private static func upgrade(_ channel: any Channel) throws -> EventLoopFuture<Connection> {
        let upgrader = NIOTypedWebSocketServerUpgrader<Connection>(
            maxFrameSize: maximumMessageBytes,
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture(HTTPHeaders()) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        NIOWebSocketFrameAggregator(
                            minNonFinalFragmentSize: 1,
                            maxAccumulatedFrameCount: 64,
                            maxAccumulatedFrameSize: maximumMessageBytes
                        )
                    )
                    return .webSocket(try WebSocket(wrappingChannelSynchronously: channel))
                }
            }
        )
        let upgrade = NIOTypedHTTPServerUpgradeConfiguration(
            upgraders: [upgrader],
            notUpgradingCompletionHandler: { channel in
                // Plain HTTP has nothing to look for here.
                channel.close().map { .refused }
            }
        )
        return try channel.pipeline.syncOperations.configureUpgradableHTTPServerPipeline(
            configuration: NIOUpgradableHTTPServerPipelineConfiguration(upgradeConfiguration: upgrade)
        )
    }

    private func serve(_ connection: EventLoopFuture<Connection>) async {
        do {
            guard case .webSocket(let socket) = try await connection.get() else { return }
            try await serve(socket)
        } catch {
            cluster.configuration.logger.debug("PubSub connection ended", metadata: ["error": "\(error)"])
        }
    }

    private func serve(_ socket: WebSocket) async throws {
        let connection = PubSubConnection(channel: socket.channel)
        let hub = node.subscriptions
        defer { cluster.withState { $0[keyPath: hub].removeAll(of: connection) } }
        try await socket.executeThenClose { inbound, outbound in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    defer { connection.finish() }
                    try await read(inbound, connection)
                }
                group.addTask {
                    try await write(connection, outbound)
                    // The reader waits for the client, which may be the one that doesn't read.
                    socket.channel.close(promise: nil)
                }
                try await group.waitForAll()
            }
        }
    }

    private func read(_ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>, _ connection: PubSubConnection)
        async throws
    {
        let calls = PubSubCalls(node: node, connection: connection)
        for try await frame in inbound {
            switch frame.opcode {
            case .text, .binary: calls.answer([UInt8](buffer: frame.unmaskedData))
            case .ping: connection.send(.pong(frame.unmaskedData))
            case .connectionClose: return
            default: continue
            }
        }
    }

    private func write(
        _ connection: PubSubConnection,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) async throws {
        for await message in connection.messages {
            switch message {
            case .pong(let data): try await outbound.write(WebSocketFrame(fin: true, opcode: .pong, data: data))
            case .response(let value): try await outbound.write(Self.frame(value))
            case .notification(let notification):
                if cluster.faults.arePubSubNotificationsSilent { continue }
                switch cluster.faults.effect(onNotification: notification.method) {
                case .silence: continue
                case .dropSocket: return connection.drop()
                default: try await outbound.write(Self.frame(notification.json))
                }
            }
        }
        var data = ByteBuffer()
        data.write(webSocketErrorCode: .normalClosure)
        try await outbound.write(WebSocketFrame(fin: true, opcode: .connectionClose, data: data))
    }

    private static func frame(_ value: JSONValue) -> WebSocketFrame {
        WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(bytes: value.serialized()))
    }
}
