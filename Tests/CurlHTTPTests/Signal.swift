#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#elseif canImport(Darwin)
    import Darwin
#endif

/// A message from a server's blocking thread to an asynchronous test, or the other way round.
final class Signal<Value: Sendable>: Sendable {
    private let stream: AsyncStream<Value>
    private let continuation: AsyncStream<Value>.Continuation

    init() {
        (stream, continuation) = AsyncStream.makeStream()
    }

    /// Sends a value from anywhere.
    func send(_ value: Value) {
        continuation.yield(value)
    }

    /// Waits for the next value; nil when the task is cancelled.
    func next() async -> Value? {
        var values = stream.makeAsyncIterator()
        return await values.next()
    }
}

/// A door that a server's blocking thread waits at until a test opens it.
final class Door: Sendable {
    private let ends: [Int32]

    init() {
        var ends: [Int32] = [0, 0]
        pipe(&ends)
        self.ends = ends
    }

    deinit {
        for end in ends { close(end) }
    }

    /// Lets one waiter through.
    func open() {
        var byte: UInt8 = 1
        _ = write(ends[1], &byte, 1)
    }

    /// Blocks the calling thread until the door is opened.
    func pass() {
        var byte: UInt8 = 0
        _ = read(ends[0], &byte, 1)
    }
}
