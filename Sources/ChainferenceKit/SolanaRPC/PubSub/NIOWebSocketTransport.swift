import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket

/// WebSocket connections over SwiftNIO.
struct NIOWebSocketTransport: WebSocketTransport {
    private typealias FrameChannel = NIOAsyncChannel<WebSocketFrame, WebSocketFrame>

    private enum Upgrade {
        case upgraded(FrameChannel)
        case refused(status: Int)
    }

    func withConnection(
        to address: EndpointAddress,
        configuration: PubSubConfiguration,
        body: @escaping @Sendable (WebSocketConnection) async throws -> Void
    ) async throws {
        guard configuration.proxy == nil else {
            throw WebSocketError.proxy("tunnelling subscriptions is not supported; poll instead")
        }
        let channel: FrameChannel
        switch try await connect(to: address, configuration: configuration) {
        case .upgraded(let upgraded): channel = upgraded
        case .refused(let status): throw WebSocketError.notUpgraded(status: status)
        }
        try await channel.executeThenClose { inbound, outbound in
            let messages = inbound.compactMap { frame -> WebSocketMessage? in
                switch frame.opcode {
                case .text, .binary: .text(Array(frame.unmaskedData.readableBytesView))
                case .ping: .ping(Array(frame.unmaskedData.readableBytesView))
                case .pong: .pong(Array(frame.unmaskedData.readableBytesView))
                case .connectionClose: .close
                default: nil
                }
            }
            let connection = WebSocketConnection(inbound: messages) { message in
                try await outbound.write(Self.frame(message))
            }
            try await body(connection)
        }
    }

    private func connect(
        to address: EndpointAddress,
        configuration: PubSubConfiguration
    ) async throws -> Upgrade {
        let tls = try address.isSecure ? Self.tlsContext(configuration) : nil
        do {
            let timeout = TimeAmount(configuration.connectTimeout)
            let upgrade = try await ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
                .channelOption(.socketOption(.tcp_nodelay), value: 1)
                .connectTimeout(timeout)
                .connect(host: address.host, port: address.port) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        if let tls {
                            // Server names are for hosts; an address is checked against the certificate as it is.
                            let name =
                                (try? SocketAddress(ipAddress: address.host, port: 0)) == nil ? address.host : nil
                            try channel.pipeline.syncOperations.addHandler(
                                NIOSSLClientHandler(context: tls, serverHostname: name)
                            )
                        }
                        return try Self.upgrade(channel, address: address, configuration: configuration)
                    }
                }
            return try await upgrade.get()
        } catch let error as WebSocketError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw WebSocketError.unreachable("\(error)")
        }
    }

    /// Sets the pipeline up to ask for the WebSocket protocol.
    private static func upgrade(
        _ channel: any Channel,
        address: EndpointAddress,
        configuration: PubSubConfiguration
    ) throws -> EventLoopFuture<Upgrade> {
        let size = configuration.maximumMessageSize
        let upgrader = NIOTypedWebSocketClientUpgrader<Upgrade>(maxFrameSize: size) { channel, _ in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(
                    NIOWebSocketFrameAggregator(
                        minNonFinalFragmentSize: 0,
                        maxAccumulatedFrameCount: 1_024,
                        maxAccumulatedFrameSize: size
                    )
                )
                return .upgraded(try FrameChannel(wrappingChannelSynchronously: channel))
            }
        }
        var headers = HTTPHeaders()
        headers.add(name: "Host", value: address.authority)
        headers.add(name: "User-Agent", value: "ChainferenceKit")
        let head = HTTPRequestHead(version: .http1_1, method: .GET, uri: address.target, headers: headers)
        let status = NIOLoopBound(StatusReader(), eventLoop: channel.eventLoop)
        let upgrade = NIOTypedHTTPClientUpgradeConfiguration<Upgrade>(
            upgradeRequestHead: head,
            upgraders: [upgrader]
        ) { channel in
            channel.close(mode: .all, promise: nil)
            return channel.eventLoop.makeSucceededFuture(.refused(status: status.value.status))
        }
        let pipeline = channel.pipeline.syncOperations
        var pipelineConfiguration = NIOUpgradableHTTPClientPipelineConfiguration(upgradeConfiguration: upgrade)
        // Frames may come in the same packet as the answer; the default would lose them.
        pipelineConfiguration.leftOverBytesStrategy = .forwardBytes
        let result = try pipeline.configureUpgradableHTTPClientPipeline(configuration: pipelineConfiguration)
        let upgradeHandler = try pipeline.handler(type: NIOTypedHTTPClientUpgradeHandler<Upgrade>.self)
        try pipeline.addHandler(status.value, position: .before(upgradeHandler))
        // A server that accepts and then says nothing must not hold the connection for ever.
        let timeout = channel.eventLoop.scheduleTask(in: TimeAmount(configuration.connectTimeout)) {
            channel.close(mode: .all, promise: nil)
        }
        result.whenComplete { _ in timeout.cancel() }
        return result
    }

    private static func tlsContext(_ configuration: PubSubConfiguration) throws -> NIOSSLContext {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        if let file = configuration.certificateAuthorities { tls.trustRoots = .file(file) }
        do {
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw WebSocketError.unreachable("TLS can't be set up: \(error)")
        }
    }

    private static func frame(_ message: WebSocketMessage) -> WebSocketFrame {
        switch message {
        case .text(let bytes):
            WebSocketFrame(fin: true, opcode: .text, maskKey: .random(), data: ByteBuffer(bytes: bytes))
        case .ping(let bytes):
            WebSocketFrame(fin: true, opcode: .ping, maskKey: .random(), data: ByteBuffer(bytes: bytes))
        case .pong(let bytes):
            WebSocketFrame(fin: true, opcode: .pong, maskKey: .random(), data: ByteBuffer(bytes: bytes))
        case .close:
            WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: .random(), data: ByteBuffer())
        }
    }
}

/// Notes the status of the one HTTP answer, and leaves the pipeline.
private final class StatusReader: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = HTTPClientResponsePart

    private(set) var status = 0

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if case .head(let head) = unwrapInboundIn(data) { status = Int(head.status.code) }
        context.fireChannelRead(data)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
    }
}
