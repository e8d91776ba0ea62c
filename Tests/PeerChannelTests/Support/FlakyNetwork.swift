import NIOCore
import Synchronization

@testable import PeerChannel

/// Connections in memory to a server, which break after as many bytes as a test says.
final class FlakyNetwork: Sendable {
    /// Where a connection breaks: after so many bytes from the server, or from the client.
    enum Cut: Hashable, Sendable {
        case never
        case fromServer(after: Int)
        case fromClient(after: Int)
    }

    /// One direction of a connection.
    private final class Direction: Sendable {
        private let state: Mutex<(left: Int, passed: Int)>
        private let output: AsyncThrowingStream<ByteBuffer, any Error>.Continuation
        private let onCut: @Sendable () -> Void

        init(
            budget: Int,
            output: AsyncThrowingStream<ByteBuffer, any Error>.Continuation,
            onCut: @escaping @Sendable () -> Void
        ) {
            state = Mutex((budget, 0))
            self.output = output
            self.onCut = onCut
        }

        var passed: Int { state.withLock { $0.passed } }

        func send(_ buffer: ByteBuffer) throws {
            var buffer = buffer
            let size = buffer.readableBytes
            let count = state.withLock { state in
                let count = min(state.left, size)
                state.left -= count
                state.passed += count
                return count
            }
            if count > 0, let part = buffer.readSlice(length: count) { output.yield(part) }
            guard count < size else { return }
            onCut()
            throw PeerError.connectionLost(reason: "cut by the test")
        }
    }

    private struct Arrival: Sendable {
        let inbound: AsyncThrowingStream<ByteBuffer, any Error>
        let send: @Sendable (ByteBuffer) async throws -> Void
        let disconnect: @Sendable () -> Void
    }

    private let server: PeerServer
    private let cuts: Mutex<[Cut]>
    private let arrivals: AsyncStream<Arrival>
    private let arrive: AsyncStream<Arrival>.Continuation
    private let counts = Mutex<(connections: Int, fromServer: Int, fromClient: Int)>((0, 0, 0))

    /// - Parameters:
    ///   - server: Serves the connections.
    ///   - cuts: How the first connections break, in order; those after them don't.
    init(server: PeerServer, cuts: [Cut] = []) {
        self.server = server
        self.cuts = Mutex(cuts)
        (arrivals, arrive) = AsyncStream.makeStream()
    }

    /// How many connections there were, and how many bytes passed in each direction.
    var traffic: (connections: Int, fromServer: Int, fromClient: Int) { counts.withLock { $0 } }

    /// Opens a connection.
    var connect: PeerClient.Connect {
        { [self] use in
            let cut = cuts.withLock { $0.isEmpty ? .never : $0.removeFirst() }
            let (toServer, fromClient) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
            let (toClient, fromServer) = AsyncThrowingStream.makeStream(of: ByteBuffer.self)
            let hangUp: @Sendable () -> Void = {
                fromClient.finish()
                fromServer.finish()
            }
            var budgets = (fromServer: Int.max, fromClient: Int.max)
            switch cut {
            case .never: break
            case .fromServer(let count): budgets.fromServer = count
            case .fromClient(let count): budgets.fromClient = count
            }
            let up = Direction(budget: budgets.fromClient, output: fromClient, onCut: hangUp)
            let down = Direction(budget: budgets.fromServer, output: fromServer, onCut: hangUp)
            arrive.yield(Arrival(inbound: toServer, send: { try down.send($0) }, disconnect: hangUp))
            await use(toClient, { try up.send($0) })
            hangUp()
            counts.withLock { counts in
                counts.connections += 1
                counts.fromServer += down.passed
                counts.fromClient += up.passed
            }
        }
    }

    /// Serves what arrives for as long as `body` runs.
    func serving<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { [self] in
                await withDiscardingTaskGroup { connections in
                    for await arrival in arrivals {
                        connections.addTask { [self] in
                            await server.serveConnection(
                                over: arrival.inbound,
                                disconnect: arrival.disconnect,
                                send: arrival.send
                            )
                        }
                    }
                }
                return nil
            }
            group.addTask { try await body() }
            defer { group.cancelAll() }
            while let result = try await group.next() {
                if let result { return result }
            }
            throw CancellationError()
        }
    }
}
