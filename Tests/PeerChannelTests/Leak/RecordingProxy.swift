import NIOCore
import NIOPosix
import Synchronization

@testable import PeerChannel

/// Stands between one client and its server, carries bytes both ways, and notes when which of them came.
enum RecordingProxy {
    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    /// Runs `body` with the port of a proxy that carries one connection to `port`.
    ///
    /// - Returns: What was to be seen after the handshake.
    static func capture(to port: Int, _ body: @escaping @Sendable (Int) async throws -> Void) async throws
        -> WireCapture
    {
        let recording = Recording()
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        let own = listener.channel.localAddress?.port ?? 0
        try await listener.executeThenClose { connections in
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for try await connection in connections {
                        try await carry(connection, to: port, recording)
                        return
                    }
                }
                try await body(own)
                try await group.waitForAll()
            }
        }
        return recording.capture
    }

    private static func carry(
        _ client: Connection,
        to port: Int,
        _ recording: Recording
    ) async throws {
        let server = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelOption(.socketOption(.tcp_nodelay), value: 1)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try Connection(wrappingChannelSynchronously: channel) }
            }
        try await client.executeThenClose { fromClient, toClient in
            try await server.executeThenClose { fromServer, toServer in
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await copy(fromClient, toServer) { recording.note($0, isFromServer: false) } }
                    group.addTask { await copy(fromServer, toClient) { recording.note($0, isFromServer: true) } }
                    // When one side goes, so does the other.
                    await group.next()
                    group.cancelAll()
                }
            }
        }
    }

    private static func copy(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        note: (ByteBuffer) -> Void
    ) async {
        // A connection that breaks is the end of it, as for any proxy.
        do {
            for try await buffer in inbound {
                note(buffer)
                try await outbound.write(buffer)
            }
        } catch {
            return
        }
    }

    private final class Recording: Sendable {
        private let notebook = Mutex(Notebook())

        func note(_ buffer: ByteBuffer, isFromServer: Bool) {
            notebook.withLock { $0.note(buffer, isFromServer: isFromServer) }
        }

        var capture: WireCapture { notebook.withLock { $0.capture } }
    }

    /// Finds the records in what passes.
    private struct Notebook {
        private(set) var capture = WireCapture()
        private var start: ContinuousClock.Instant?
        /// The suite's byte and the messages of the handshake come before the records.
        private var fromClient = (bytes: [UInt8](), framesToSkip: 2, hasSuite: false)
        private var fromServer = (bytes: [UInt8](), framesToSkip: 1, hasSuite: true)

        mutating func note(_ buffer: ByteBuffer, isFromServer: Bool) {
            let now = ContinuousClock.now
            var state = isFromServer ? fromServer : fromClient
            state.bytes += buffer.readableBytesView
            if !state.hasSuite, !state.bytes.isEmpty {
                state.hasSuite = true
                state.bytes.removeFirst()
            }
            while state.bytes.count >= 2 {
                let size = 2 + Int(state.bytes[0]) << 8 + Int(state.bytes[1])
                guard state.bytes.count >= size else { break }
                state.bytes.removeFirst(size)
                guard state.framesToSkip == 0 else {
                    state.framesToSkip -= 1
                    continue
                }
                let begin = start ?? now
                start = begin
                let record = WireCapture.Record(milliseconds: begin.duration(to: now).inSeconds * 1_000, size: size)
                if isFromServer { capture.fromServer.append(record) } else { capture.fromClient.append(record) }
            }
            if isFromServer { fromServer = state } else { fromClient = state }
        }
    }
}
