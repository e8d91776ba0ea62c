import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Solana
import Synchronization
import Testing

@testable import SolanaRPC

/// The real WebSocket transport against servers that do not play by the rules.
@Suite("Hostile WebSocket servers", .timeLimit(.minutes(1)))
struct HostileWebSocketTests {
    /// Serves TCP connections with a function of the raw bytes, for as long as `body` runs.
    private func withRawServer(
        _ answer: @escaping @Sendable (ByteBuffer) -> ByteBuffer?,
        closesAfterAnswer: Bool = false,
        _ body: @escaping @Sendable (Cluster) async throws -> Void
    ) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            group.addTask {
                                // Whatever the client does to the connection is fine with this server.
                                try? await connection.executeThenClose { inbound, outbound in
                                    for try await bytes in inbound {
                                        if let reply = answer(bytes) { try await outbound.write(reply) }
                                        if closesAfterAnswer { return }
                                    }
                                }
                            }
                        }
                    }
                }
                let port = try #require(server.channel.localAddress?.port)
                try await body(try Cluster(rpcURL: "http://127.0.0.1:1", webSocketURL: "ws://127.0.0.1:\(port)"))
                group.cancelAll()
            }
        }
    }

    /// One attempt to connect; what it failed with.
    private func failure(
        of cluster: Cluster,
        configuration: PubSubConfiguration = PubSubConfiguration(connectTimeout: .seconds(30))
    ) async -> String {
        do {
            try await NIOWebSocketTransport().withConnection(to: cluster.webSocket, configuration: configuration) {
                connection in
                for try await _ in connection.inbound {}
            }
            return "ended"
        } catch {
            return "\(error)"
        }
    }

    @Test("An HTTP answer instead of WebSocket is told with its status")
    func notUpgraded() async throws {
        for (status, text) in [(403, "Forbidden"), (200, "OK"), (301, "Moved")] {
            try await withRawServer { _ in
                ByteBuffer(string: "HTTP/1.1 \(status) \(text)\r\nContent-Length: 2\r\n\r\nno")
            } _: { cluster in
                #expect(await failure(of: cluster) == WebSocketError.notUpgraded(status: status).description)
            }
        }
    }

    /// What a server may say instead of a handshake.
    private enum Rubbish: String, CaseIterable {
        case silence
        case bytes
        case bareSwitch
        case wrongKey
        case wrongVersion
        case flood

        var text: String {
            switch self {
            case .silence: ""
            case .bytes: "\u{0}\u{1}\u{2}"
            case .bareSwitch: "HTTP/1.1 101 Switching Protocols\r\n\r\n"
            case .wrongKey:
                "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n"
                    + "Sec-WebSocket-Accept: bm9wZQ==\r\n\r\n"
            case .wrongVersion: "HTTP/9.9 abc\r\n\r\n"
            case .flood: String(repeating: "A", count: 1 << 20)
            }
        }
    }

    @Test("Rubbish, silence and hang-ups end in an error", arguments: Rubbish.allCases)
    private func rubbish(_ rubbish: Rubbish) async throws {
        let text = rubbish.text
        let configuration = PubSubConfiguration(connectTimeout: .milliseconds(500))
        for closes in [false, true] {
            let answer: @Sendable (ByteBuffer) -> ByteBuffer? = { _ in text.isEmpty ? nil : ByteBuffer(string: text) }
            try await withRawServer(answer, closesAfterAnswer: closes) { cluster in
                let failure = await failure(of: cluster, configuration: configuration)
                #expect(failure != "ended")
            }
        }
    }

    @Test("Nobody listens")
    func refused() async throws {
        let cluster = try Cluster(rpcURL: "http://127.0.0.1:1", webSocketURL: "ws://127.0.0.1:1")
        #expect(await failure(of: cluster).hasPrefix("unreachable"))
    }

    @Test("A plain server behind wss is no TLS server")
    func noTLS() async throws {
        try await withRawServer { _ in
            ByteBuffer(string: "HTTP/1.1 101 Switching Protocols\r\n\r\n")
        } _: { cluster in
            let port = cluster.webSocket.port
            let secure = try Cluster(rpcURL: "http://127.0.0.1:1", webSocketURL: "wss://127.0.0.1:\(port)")
            #expect(await failure(of: secure).hasPrefix("unreachable"))
        }
    }

    @Test("A subscriber outlives hostile frames: too large, masked, unknown, fragmented without end")
    func hostileFrames() async throws {
        // Frames by hand, after a proper handshake. The last connection behaves.
        let hostile: [[UInt8]] = [
            // A text of 2^62 bytes.
            [0x81, 0x7f, 0x40, 0, 0, 0, 0, 0, 0, 0],
            // A reserved opcode.
            [0x83, 0x00],
            // A ping that is too long for a control frame.
            [0x89, 0x7e, 0x01, 0x00] + Array(repeating: 0, count: 256),
            // A continuation of nothing.
            [0x80, 0x01, 0x41],
            // A fragment, and another text inside of it.
            [0x01, 0x01, 0x41, 0x81, 0x01, 0x42],
            // Text that is no JSON, and text that is no UTF-8.
            [0x81, 0x03, 0x61, 0x62, 0x63],
            [0x81, 0x02, 0xff, 0xfe],
            // A close.
            [0x88, 0x02, 0x03, 0xe8],
        ]
        let server = try await WebSocketTestServer.bind()
        try await server.run { connection in
            guard connection.number <= hostile.count else {
                connection.answersRequests()
                return
            }
            connection.writeRaw(hostile[connection.number - 1])
        } while: { port in
            let cluster = try Cluster(rpcURL: "http://127.0.0.1:1", webSocketURL: "ws://127.0.0.1:\(port)")
            let configuration = PubSubConfiguration(
                slotSilence: nil,
                answerTimeout: .milliseconds(500),
                initialBackoff: .milliseconds(1),
                maximumBackoff: .milliseconds(5),
                maximumMessageSize: 1 << 16
            )
            try await PubSubClient.withClient(cluster: cluster, configuration: configuration) { client in
                try await client.withAccountSubscription(.zero) { events in
                    for try await event in events where event == .active { return }
                }
            }
        }
        #expect(server.connections == hostile.count + 1)
    }

    @Test("A message in fragments arrives whole, and pings in between are answered")
    func fragments() async throws {
        let server = try await WebSocketTestServer.bind()
        let text = Array(#"{"jsonrpc":"2.0","result":5,"id":1}"#.utf8)
        try await server.run { connection in
            // A first fragment, a ping, the rest.
            connection.writeRaw(
                [0x01, 10] + text[..<10] + [0x89, 0x01, 0x55] + [0x80, UInt8(text.count - 10)] + text[10...]
            )
        } while: { port in
            let cluster = try Cluster(rpcURL: "http://127.0.0.1:1", webSocketURL: "ws://127.0.0.1:\(port)")
            let seen = Shared(Mutex<[WebSocketMessage]>([]))
            try await NIOWebSocketTransport().withConnection(
                to: cluster.webSocket,
                configuration: PubSubConfiguration()
            ) {
                connection in
                for try await message in connection.inbound {
                    let count = seen.value.withLock { seen in
                        seen.append(message)
                        return seen.count
                    }
                    if count == 2 { return }
                }
            }
            #expect(Set(seen.value.withLock { $0 }) == [.ping([0x55]), .text(text)])
        }
    }
}

/// A WebSocket server that shakes hands properly and then writes whatever bytes a test wants.
final class WebSocketTestServer: Sendable {
    struct Connection: Sendable {
        let number: Int
        fileprivate let channel: any Channel
        fileprivate let answers: @Sendable () -> Void

        /// Writes bytes past the WebSocket framing.
        func writeRaw(_ bytes: [UInt8]) {
            channel.pipeline.context(name: "bottom").whenSuccess { context in
                context.writeAndFlush(NIOAny(ByteBuffer(bytes: bytes)), promise: nil)
            }
        }

        /// Answers every request with a number from now on.
        func answersRequests() { answers() }
    }

    private let channel: any Channel
    private let count: Shared<Mutex<Int>>
    private let serve: Shared<Mutex<(@Sendable (Connection) -> Void)?>>

    private init(
        channel: any Channel,
        count: Shared<Mutex<Int>>,
        serve: Shared<Mutex<(@Sendable (Connection) -> Void)?>>
    ) {
        self.channel = channel
        self.count = count
        self.serve = serve
    }

    var connections: Int { count.value.withLock { $0 } }

    static func bind() async throws -> WebSocketTestServer {
        let count = Shared(Mutex(0))
        let serve = Shared(Mutex<(@Sendable (Connection) -> Void)?>(nil))
        let upgrader = NIOWebSocketServerUpgrader(
            shouldUpgrade: { channel, _ in channel.eventLoop.makeSucceededFuture([:]) },
            upgradePipelineHandler: { channel, _ in
                channel.eventLoop.makeCompletedFuture {
                    let number = count.value.withLock { count in
                        count += 1
                        return count
                    }
                    let responder = Responder()
                    try channel.pipeline.syncOperations.addHandler(responder)
                    let bound = NIOLoopBound(responder, eventLoop: channel.eventLoop)
                    let loop = channel.eventLoop
                    serve.value.withLock { $0 }?(
                        Connection(number: number, channel: channel) {
                            loop.execute { bound.value.isAnswering = true }
                        }
                    )
                }
            }
        )
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Passage(), name: "bottom")
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(
                        withServerUpgrade: (upgraders: [upgrader], completionHandler: { _ in })
                    )
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return WebSocketTestServer(channel: channel, count: count, serve: serve)
    }

    func run(
        _ serve: @escaping @Sendable (Connection) -> Void,
        while body: (Int) async throws -> Void
    ) async throws {
        self.serve.value.withLock { $0 = serve }
        do {
            try await body(channel.localAddress?.port ?? 0)
            try await channel.close()
        } catch {
            try? await channel.close()
            throw error
        }
    }

    /// Marks the place below the framing.
    private final class Passage: ChannelOutboundHandler, Sendable {
        typealias OutboundIn = ByteBuffer
    }

    private final class Responder: ChannelInboundHandler {
        typealias InboundIn = WebSocketFrame
        typealias OutboundOut = WebSocketFrame
        var isAnswering = false
        private var waiting: [WebSocketFrame] = []

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let frame = unwrapInboundIn(data)
            guard isAnswering, frame.opcode == .text,
                let request = try? JSONCoding.decode(
                    SeenRequest.self,
                    from: Array(frame.unmaskedData.readableBytesView)
                )
            else { return }
            let answer = #"{"jsonrpc":"2.0","result":\#(request.id),"id":\#(request.id)}"#
            context.writeAndFlush(
                wrapOutboundOut(WebSocketFrame(fin: true, opcode: .text, data: ByteBuffer(string: answer))),
                promise: nil
            )
        }
    }
}
