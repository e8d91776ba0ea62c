import NIOCore
import NIOPosix

@testable import SolanaRPC

/// A server that reads one HTTP request per connection and answers with whatever bytes the test says.
struct RawNode: Sendable {
    typealias Writer = NIOAsyncChannelOutboundWriter<ByteBuffer>
    private typealias Bytes = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private let answer: @Sendable (Writer) async throws -> Void

    init(_ answer: @escaping @Sendable (Writer) async throws -> Void) {
        self.answer = answer
    }

    /// Answers with a head and a body in pieces.
    init(head: String, pieces: [(count: Int, piece: [UInt8])]) {
        self.init { writer in
            try await writer.write(ByteBuffer(string: head + "\r\n\r\n"))
            for (count, piece) in pieces {
                let buffer = ByteBuffer(bytes: piece)
                for _ in 0..<count { try await writer.write(buffer) }
            }
        }
    }

    /// Listens while `body` runs, which is given the node's URL.
    func run<Value: Sendable>(_ body: @escaping @Sendable (String) async throws -> Value) async throws -> Value {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Bytes(
                        wrappingChannelSynchronously: channel,
                        configuration: .init(isOutboundHalfClosureEnabled: true)
                    )
                }
            }
        return try await server.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Value?.self) { group in
                defer { group.cancelAll() }
                group.addTask {
                    try await withThrowingDiscardingTaskGroup { group in
                        for try await connection in connections {
                            // A client that has had enough hangs up.
                            group.addTask { try? await serve(connection) }
                        }
                    }
                    return nil
                }
                group.addTask { try await body("http://127.0.0.1:\(server.channel.localAddress?.port ?? 0)") }
                while let end = try await group.next() {
                    if let value = end { return value }
                }
                throw CancellationError()
            }
        }
    }

    private func serve(_ connection: Bytes) async throws {
        try await connection.executeThenClose { inbound, outbound in
            var request = ""
            var iterator = inbound.makeAsyncIterator()
            // The client's requests end with their JSON.
            while !(request.contains("\r\n\r\n") && request.hasSuffix("}")), let bytes = try await iterator.next() {
                request += String(buffer: bytes)
            }
            try await answer(outbound)
            // Closing at once would throw away what has not gone out yet.
            outbound.finish()
            while try await iterator.next() != nil {}
        }
    }
}

extension RPCClient {
    /// A client of a node at a URL that tries once.
    convenience init(url: String, policy: RPCPolicy = RPCPolicy(maximumAttempts: 1)) throws {
        self.init(cluster: try Cluster(rpcURL: url), policy: policy)
    }
}
