import Synchronization

/// A value that comes once, and those who wait for it.
final class OneShot<Value: Sendable>: Sendable {
    private enum State {
        case waiting([AsyncStream<Value>.Continuation])
        case resolved(Value)
    }

    private let state = Mutex(State.waiting([]))

    /// The value, if it has come.
    var current: Value? {
        state.withLock { if case .resolved(let value) = $0 { value } else { nil } }
    }

    /// Gives the value to everybody who waits and who will; the second time nothing happens.
    func resolve(_ value: Value) {
        let waiters: [AsyncStream<Value>.Continuation] = state.withLock { state in
            guard case .waiting(let waiters) = state else { return [] }
            state = .resolved(value)
            return waiters
        }
        for waiter in waiters {
            waiter.yield(value)
            waiter.finish()
        }
    }

    /// Waits for the value.
    ///
    /// - Throws: `CancellationError` when the task is cancelled first.
    func value() async throws -> Value {
        let (stream, continuation) = AsyncStream<Value>.makeStream()
        state.withLock { state in
            switch state {
            case .waiting(let waiters): state = .waiting(waiters + [continuation])
            case .resolved(let value):
                continuation.yield(value)
                continuation.finish()
            }
        }
        // The stream ends without a value when the task is cancelled.
        for await value in stream { return value }
        throw CancellationError()
    }
}
