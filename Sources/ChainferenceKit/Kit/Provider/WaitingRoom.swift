import InferenceMarket
import Solana
import Synchronization

/// Clients that have connected and named a request which the provider has not seen on the chain yet.
///
/// Whoever watches the chain announces what it sees; a bounded number of clients waits for it, each for a bounded time.
/// What they wait for is asked for together, so that strangers cannot make the provider ask the chain as often as they like.
final class WaitingRoom: Sendable {
    /// All places are taken.
    struct Full: Error {}

    private struct State: Sendable {
        var isClosed = false
        var places: [Int: (address: Address, inbox: AsyncStream<RequestAccount>.Continuation)] = [:]
        var nextPlace = 0
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// Yields when somebody has begun to wait; the newest of several is enough.
    let arrivals: AsyncStream<Void>
    private let arrival: AsyncStream<Void>.Continuation

    /// Makes a room with so many places.
    init(capacity: Int) {
        self.capacity = max(0, capacity)
        (arrivals, arrival) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// What is waited for now, each address once.
    var awaited: Set<Address> { state.withLock { Set($0.places.values.map(\.address)) } }

    /// Waits until the request is announced.
    ///
    /// - Parameters:
    ///   - address: The request's account.
    ///   - limit: The longest wait.
    ///   - time: What the wait is measured by.
    /// - Returns: The request as it was announced; nil when the time was up or the room was closed.
    /// - Throws: ``Full``, or what cancelled the wait.
    func wait(for address: Address, within limit: Duration, time: ChainTime) async throws -> RequestAccount? {
        let (inbox, continuation) = AsyncStream<RequestAccount>.makeStream(bufferingPolicy: .bufferingNewest(1))
        let place: Int? = state.withLock { state in
            guard state.places.count < capacity, !state.isClosed else { return nil }
            state.nextPlace += 1
            state.places[state.nextPlace] = (address, continuation)
            return state.nextPlace
        }
        guard let place else { throw Full() }
        defer { state.withLock { _ = $0.places.removeValue(forKey: place) } }
        arrival.yield()
        let found = try await withThrowingTaskGroup(of: RequestAccount?.self) { group in
            group.addTask {
                for await account in inbox { return account }
                return nil
            }
            group.addTask {
                try await time.sleep(for: limit)
                return nil
            }
            defer { group.cancelAll() }
            return try await group.next() ?? nil
        }
        try Task.checkCancellation()
        return found
    }

    /// Lets nobody in any more, and sends everybody away.
    func close() {
        let inboxes = state.withLock { state in
            state.isClosed = true
            return state.places.values.map(\.inbox)
        }
        for inbox in inboxes { inbox.finish() }
    }

    /// Tells those who wait for this request what the chain says about it.
    func announce(_ account: RequestAccount, at address: Address) {
        let inboxes = state.withLock { state in
            state.places.values.filter { $0.address == address }.map(\.inbox)
        }
        for inbox in inboxes { inbox.yield(account) }
    }
}
