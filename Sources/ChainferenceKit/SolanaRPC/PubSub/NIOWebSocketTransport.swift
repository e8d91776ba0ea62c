import CurlHTTP
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import NIOWebSocket
import Synchronization

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
        let attempt = ConnectionAttempt()
        let initialize: @Sendable (any Channel) -> EventLoopFuture<EventLoopFuture<Upgrade>> = { channel in
            channel.eventLoop.makeCompletedFuture {
                try attempt.began(channel)
                if let tls { try Self.addTLS(tls, to: channel, host: address.host) }
                return try Self.upgrade(channel, address: address, configuration: configuration)
            }
        }
        let bootstrap = ClientBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connectTimeout(TimeAmount(configuration.connectTimeout))
        do {
            return try await withTaskCancellationHandler {
                let upgrade: EventLoopFuture<Upgrade>
                if let proxy = configuration.proxy {
                    let descriptor = try await Self.socket(to: address, through: proxy, configuration: configuration)
                    upgrade = try await bootstrap.withConnectedSocket(descriptor, channelInitializer: initialize)
                } else {
                    upgrade = try await bootstrap.connect(
                        host: address.host,
                        port: address.port,
                        channelInitializer: initialize
                    )
                }
                return try await upgrade.get()
            } onCancel: {
                attempt.cancel()
            }
        } catch let error as WebSocketError {
            throw error
        } catch {
            try Task.checkCancellation()
            throw WebSocketError.unreachable("\(error)")
        }
    }

    /// A socket that leads through a proxy, which resolves the name; without the proxy there is no connection.
    ///
    /// libcurl speaks with the proxy, so that subscriptions go through whatever calls go through.
    private static func socket(
        to address: EndpointAddress,
        through proxy: HTTPProxy,
        configuration: PubSubConfiguration
    ) async throws -> CInt {
        guard address.isSecure || configuration.allowsPlaintextThroughProxy else {
            throw WebSocketError.proxy(
                "\(address) is not encrypted, and the proxy could read and change everything; use wss"
            )
        }
        let http = HTTPClient(configuration: .init(proxy: proxy))
        let socket: ConnectedSocket
        do throws(HTTPError) {
            socket = try await http.connect(
                toHost: address.host,
                port: UInt16(clamping: address.port),
                timeout: configuration.connectTimeout
            )
            await http.shutDown()
        } catch {
            await http.shutDown()
            switch error {
            case .cancelled: throw CancellationError()
            case .proxyFailed(let proxy, let reason): throw WebSocketError.proxy("\(proxy): \(reason)")
            default: throw WebSocketError.proxy("\(proxy): \(error)")
            }
        }
        guard let descriptor = socket.takeDescriptor() else { throw WebSocketError.proxy("the socket is gone") }
        return descriptor
    }

    private static func addTLS(_ context: NIOSSLContext, to channel: any Channel, host: String) throws {
        // Server names are for hosts; an address is checked against the certificate as it is.
        let name = (try? SocketAddress(ipAddress: host, port: 0)) == nil ? host : nil
        try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: context, serverHostname: name))
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
        var headers = NIOHTTP1.HTTPHeaders()
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

/// A connection under construction, which cancellation closes.
private final class ConnectionAttempt: Sendable {
    private struct State {
        var channel: (any Channel)?
        var isCancelled = false
    }

    private let state = Mutex(State())

    func began(_ channel: any Channel) throws {
        let isCancelled = state.withLock { state in
            // Several addresses of a name may be tried one after the other.
            state.channel = channel
            return state.isCancelled
        }
        if isCancelled { throw CancellationError() }
    }

    func cancel() {
        let channel = state.withLock { state in
            state.isCancelled = true
            return state.channel
        }
        channel?.close(mode: .all, promise: nil)
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
