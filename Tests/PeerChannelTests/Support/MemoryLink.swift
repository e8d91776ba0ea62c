import NIOCore
import Synchronization

@testable import PeerChannel

/// Two ends of a connection that is no socket; counts what passes.
struct MemoryLink: Sendable {
    struct End: Sendable {
        let inbound: AsyncThrowingStream<ByteBuffer, any Error>
        fileprivate let outgoing: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
        let writes: WriteLog

        @Sendable func send(_ buffer: ByteBuffer) async throws {
            writes.note(buffer.readableBytes)
            outgoing.yield(buffer)
        }

        func close() { outgoing.finish() }

        /// The one connection that this link is.
        var connect: PeerClient.Connect {
            { use in await use(inbound, { try await send($0) }) }
        }
    }

    /// The sizes of everything that one end wrote.
    final class WriteLog: Sendable {
        private let log = Mutex<[Int]>([])
        func note(_ size: Int) { log.withLock { $0.append(size) } }
        var sizes: [Int] { log.withLock { $0 } }
    }

    let client: End
    let server: End

    init() {
        let (toServer, fromClient) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        let (toClient, fromServer) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
        client = End(inbound: toClient, outgoing: fromClient, writes: WriteLog())
        server = End(inbound: toServer, outgoing: fromServer, writes: WriteLog())
    }
}
