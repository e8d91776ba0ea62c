import Synchronization

/// Lets one task wait until others have said so often enough that they are ready.
final class ReadyCount: Sendable {
    private let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let needed: Int

    init(_ needed: Int) {
        self.needed = needed
        (stream, continuation) = AsyncStream.makeStream()
    }

    func tick() {
        continuation.yield()
    }

    func wait() async throws {
        var count = 0
        for await _ in stream {
            count += 1
            if count == needed { return }
        }
        throw CancellationError()
    }
}
