import NIOCore
import NIOPosix
import Synchronization

extension PeerServer {
    /// Listens directly and via relays, as configured, until cancelled or drained.
    func serveEverywhere(onListening: @escaping @Sendable (Int) async throws -> Void) async throws {
        let relays = configuration.relays
        guard configuration.listensDirectly || !relays.isEmpty else {
            throw PeerError.misuse("a server that listens neither directly nor via a relay can't be reached")
        }
        let listener = configuration.listensDirectly ? try await listen() : nil
        let port = listener?.channel.localAddress?.port ?? 0
        let isDraining = state.withLock { state in
            state.listener = listener?.channel
            return state.isDraining
        }
        if isDraining { try? await listener?.channel.close().get() }
        let (reserved, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        try await withThrowingTaskGroup(of: Void.self) { group in
            defer { group.cancelAll() }
            for relay in relays {
                group.addTask { await self.serve(via: relay) { signal.yield() } }
            }
            if relays.isEmpty { signal.yield() }
            group.addTask {
                // Draining before the first reservation ends the wait, too.
                let isReachable = await self.untilDrained {
                    for await _ in reserved { return true }
                    return false
                }
                if isReachable == true { try await onListening(port) }
            }
            if let listener {
                group.addTask { try await self.serve(listener) }
            }
            // Not `waitForAll`, which would wait for the listener although `onListening` has failed.
            while try await group.next() != nil {}
        }
    }

    private func serve(_ listener: NIOAsyncChannel<TCPStream, Never>) async throws {
        try await listener.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await stream in connections {
                    group.addTask {
                        await self.handle(stream, from: stream.remoteHost.flatMap(HandshakeGate.Source.init))
                    }
                }
            }
        }
    }

    /// Runs `body`, which is cancelled when the draining begins.
    ///
    /// - Returns: What `body` returns; `nil` when the draining came first.
    func untilDrained<Result: Sendable>(_ body: @escaping @Sendable () async -> Result) async -> Result? {
        let (draining, begun) = AsyncStream.makeStream(of: Never.self)
        let isDraining = state.withLock { state in
            if !state.isDraining { state.drainWaiters.append(begun) }
            return state.isDraining
        }
        if isDraining { return nil }
        defer { begun.finish() }
        return await withTaskGroup(of: Result?.self) { group in
            group.addTask { await body() }
            group.addTask {
                for await _ in draining {}
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }
}
