import Foundation
import JSON
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOWebSocket
import Testing

@testable import LocalCluster

/// A plain WebSocket client, so that tests see exactly what travels.
struct WebSocketClient: ~Copyable {
    private var inbound: NIOAsyncChannelInboundStream<WebSocketFrame>.AsyncIterator
    private let outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    private var calls: UInt64 = 0

    /// Notifications that came while an answer was waited for.
    private var pending: [JSONValue] = []

    private init(
        _ inbound: NIOAsyncChannelInboundStream<WebSocketFrame>,
        _ outbound: NIOAsyncChannelOutboundWriter<WebSocketFrame>
    ) {
        self.inbound = inbound.makeAsyncIterator()
        self.outbound = outbound
    }

    /// Connects for the duration of a call, which has ten seconds.
    static func withConnection(
        to cluster: LocalCluster,
        _ body: @escaping @Sendable (inout WebSocketClient) async throws -> Void
    ) async throws {
        try await withConnection(url: cluster.webSocketURL, body)
    }

    static func withConnection(
        url: String,
        _ body: @escaping @Sendable (inout WebSocketClient) async throws -> Void
    ) async throws {
        let channel = try await connect(to: url)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                try await Task.sleep(for: .seconds(10))
                throw Timeout()
            }
            group.addTask {
                try await channel.executeThenClose { inbound, outbound in
                    var client = WebSocketClient(inbound, outbound)
                    try await body(&client)
                }
            }
            try await group.next()
            group.cancelAll()
        }
    }

    struct Timeout: Error {}
    struct Closed: Error {}
    struct NotUpgraded: Error {}

    // MARK: Calls

    /// The result of a call that has to succeed.
    mutating func call(_ method: String, _ parameters: JSONValue...) async throws -> JSONValue {
        let answer = try await answer(method, .array(parameters))
        #expect(answer["error"] == nil, "\(method): \(answer)")
        return answer["result"] ?? .null
    }

    /// The whole answer to a call.
    mutating func answer(_ method: String, _ parameters: JSONValue) async throws -> JSONValue {
        calls += 1
        let id = JSONValue.unsigned(calls)
        try await send(
            (["jsonrpc": "2.0", "id": id, "method": .string(method), "params": parameters] as JSONValue).serialized()
        )
        while true {
            let message = try await receive()
            if message["id"] == id { return message }
            pending.append(message)
        }
    }

    /// The next notification: its method, subscription and result.
    mutating func notification() async throws -> (method: String, subscription: JSONValue, result: JSONValue) {
        let message = pending.isEmpty ? try await receive() : pending.removeFirst()
        let parameters = try #require(message["params"], "\(message)")
        return (message["method"]?.text ?? "", parameters["subscription"] ?? .null, parameters["result"] ?? .null)
    }

    // MARK: Frames

    func send(_ text: [UInt8], fin: Bool = true, opcode: WebSocketOpcode = .text) async throws {
        try await outbound.write(
            WebSocketFrame(fin: fin, opcode: opcode, maskKey: .random(), data: ByteBuffer(bytes: text))
        )
    }

    /// The next frame.
    mutating func frame() async throws -> WebSocketFrame {
        guard let frame = try await inbound.next() else { throw Closed() }
        return frame
    }

    /// The next text message.
    mutating func receive() async throws -> JSONValue {
        while true {
            let frame = try await frame()
            if frame.opcode == .connectionClose { throw Closed() }
            guard frame.opcode == .text else { continue }
            return try JSONValue(parsing: frame.unmaskedData.readableBytesView)
        }
    }

    // MARK: Connecting

    private static func connect(to url: String) async throws -> NIOAsyncChannel<WebSocketFrame, WebSocketFrame> {
        let parts = try #require(URLComponents(string: url))
        let upgrade = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: parts.host ?? "", port: parts.port ?? 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    let upgrader = NIOTypedWebSocketClientUpgrader<NIOAsyncChannel<WebSocketFrame, WebSocketFrame>?>(
                        maxFrameSize: 1 << 24,
                        upgradePipelineHandler: { channel, _ in
                            channel.eventLoop.makeCompletedFuture {
                                try NIOAsyncChannel(wrappingChannelSynchronously: channel)
                            }
                        }
                    )
                    var head = HTTPRequestHead(version: .http1_1, method: .GET, uri: "/")
                    head.headers.add(name: "Host", value: "localhost")
                    head.headers.add(name: "Content-Length", value: "0")
                    return try channel.pipeline.syncOperations.configureUpgradableHTTPClientPipeline(
                        configuration: NIOUpgradableHTTPClientPipelineConfiguration(
                            upgradeConfiguration: NIOTypedHTTPClientUpgradeConfiguration(
                                upgradeRequestHead: head,
                                upgraders: [upgrader],
                                notUpgradingCompletionHandler: { $0.eventLoop.makeSucceededFuture(nil) }
                            )
                        )
                    )
                }
            }
        guard let channel = try await upgrade.get() else { throw NotUpgraded() }
        return channel
    }
}
