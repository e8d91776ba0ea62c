import NIOCore
import Synchronization

/// What has been read from a connection and not been asked for, between an event loop and one task.
final class Inbox: Sendable {
    typealias Reader = CheckedContinuation<ByteBuffer?, any Error>

    private struct State: Sendable {
        var waiting: ByteBuffer?
        var reader: Reader?
        var end: Result<Void, any Error>?
        /// Whether a read of the channel was put off because too much waits.
        var isHeldBack = false
    }

    private let state = Mutex(State())

    // MARK: From the task

    /// Gives the reader what waits, now or as soon as something comes.
    ///
    /// - Returns: Whether a read that was put off is due.
    func take(for reader: Reader) -> Bool {
        let (outcome, isDue) = state.withLock { state -> (Result<ByteBuffer?, any Error>?, Bool) in
            // A cancellation before this point is seen here, one after it finds the reader: both take the lock.
            if Task.isCancelled { return (.failure(CancellationError()), false) }
            if let waiting = state.waiting {
                state.waiting = nil
                defer { state.isHeldBack = false }
                return (.success(waiting), state.isHeldBack)
            }
            if let end = state.end { return (end.map { nil }, false) }
            precondition(state.reader == nil, "a stream is read by one task at a time")
            state.reader = reader
            return (nil, false)
        }
        if let outcome { reader.resume(with: outcome) }
        return isDue
    }

    func cancelReader() {
        let reader = state.withLock { $0.reader.take() }
        reader?.resume(throwing: CancellationError())
    }

    // MARK: From the event loop

    /// Whether there is room for more; if not, ``take(for:)`` will say when.
    func mayRead() -> Bool {
        state.withLock { state in
            guard let waiting = state.waiting, waiting.readableBytes >= TCPStream.inboxLimit else { return true }
            state.isHeldBack = true
            return false
        }
    }

    func put(_ bytes: ByteBuffer) {
        guard bytes.readableBytes > 0 else { return }
        let reader = state.withLock { state -> Reader? in
            if let reader = state.reader.take() { return reader }
            var bytes = bytes
            if state.waiting?.writeBuffer(&bytes) == nil { state.waiting = bytes }
            return nil
        }
        reader?.resume(returning: bytes)
    }

    func end(_ error: (any Error)?) {
        let (reader, end) = state.withLock { state -> (Reader?, Result<Void, any Error>) in
            let end = state.end ?? error.map { .failure($0) } ?? .success(())
            state.end = end
            return (state.reader.take(), end)
        }
        reader?.resume(with: end.map { nil })
    }
}
