import Synchronization

/// Tells waiters when the cluster listens, and where.
final class Readiness: Sendable {
    private enum State {
        case waiting([AsyncStream<LocalCluster.Endpoints>.Continuation])
        case listening([LocalCluster.Endpoints])
        case stopped
    }

    private let state = Mutex(State.waiting([]))
    private let opened = Mutex<[Int: LocalCluster.Endpoints]>([:])

    /// Where a node listens, once all do.
    func current(node: Int) -> LocalCluster.Endpoints? {
        state.withLock { state in
            if case .listening(let endpoints) = state, node < endpoints.count { endpoints[node] } else { nil }
        }
    }

    /// Notes that a node listens; the cluster does when all nodes do.
    func note(_ endpoints: LocalCluster.Endpoints, ofNode index: Int, among count: Int) {
        let all = opened.withLock { opened -> [LocalCluster.Endpoints]? in
            opened[index] = endpoints
            return opened.count == count ? opened.sorted { $0.key < $1.key }.map(\.value) : nil
        }
        if let all { start(all) }
    }

    private func start(_ endpoints: [LocalCluster.Endpoints]) {
        let waiters = state.withLock { state in
            defer { state = .listening(endpoints) }
            if case .waiting(let waiters) = state { return waiters } else { return [] }
        }
        for waiter in waiters {
            waiter.yield(endpoints[0])
            waiter.finish()
        }
    }

    func stop() {
        let waiters = state.withLock { state in
            defer { state = .stopped }
            if case .waiting(let waiters) = state { return waiters } else { return [] }
        }
        for waiter in waiters { waiter.finish() }
    }

    func endpoints() async throws -> LocalCluster.Endpoints {
        let (stream, continuation) = AsyncStream<LocalCluster.Endpoints>.makeStream()
        state.withLock { state in
            switch state {
            case .waiting(let waiters): state = .waiting(waiters + [continuation])
            case .listening(let endpoints):
                continuation.yield(endpoints[0])
                continuation.finish()
            case .stopped: continuation.finish()
            }
        }
        // The stream ends without a value when the task is cancelled or the cluster has stopped.
        for await endpoints in stream { return endpoints }
        throw CancellationError()
    }
}
