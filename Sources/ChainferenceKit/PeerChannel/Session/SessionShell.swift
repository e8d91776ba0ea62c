import NIOCore

/// The thin shell around a machine: moves bytes between it and a connection, and gives it its beat.
struct SessionShell<Machine: SessionMachine & ~Copyable>: Sendable {
    let monitor: SessionMonitor<Machine>
    let clock: SessionClock

    /// Runs a session until it is over and its last word is written, or the network has not taken it in time.
    func run(
        over inbound: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) async {
        await withTaskGroup(of: SessionTask.self) { group in
            group.addTask {
                await read(inbound)
                return .reader
            }
            group.addTask {
                await write(send)
                return .writer
            }
            group.addTask {
                await beat()
                return .beat
            }
            while await group.next() == .reader {}
            group.cancelAll()
        }
    }

    /// Feeds everything that arrives to the machine, until the connection or the session ends.
    func read(_ inbound: some AsyncSequence<ByteBuffer, any Error>) async {
        do {
            for try await buffer in inbound {
                buffer.withUnsafeReadableBytes { bytes in
                    monitor.change { $0.receive(bytes, now: clock.now()) }
                }
                // While the machine wants nothing, the bytes wait in the kernel and the sender has to pause.
                if monitor.read({ !$0.wantsInput && !$0.isOver }) {
                    _ = try await monitor.wait { $0.wantsInput || $0.isOver ? true : nil }
                }
                if monitor.read({ $0.isOver }) { return }
            }
            // A cancelled sequence ends without a word; that says nothing about the connection.
            if Task.isCancelled { return }
            monitor.change { $0.disconnected(nil, now: clock.now()) }
        } catch is CancellationError {
            return
        } catch {
            monitor.change { $0.disconnected("\(error)", now: clock.now()) }
        }
    }

    /// Writes what the machine has to say, until the session is over and everything is written.
    func write(_ send: @Sendable (ByteBuffer) async throws -> Void) async {
        var buffer: [UInt8] = []
        do {
            while true {
                let hasOutput = try await monitor.wait { machine -> Bool? in
                    if machine.hasOutput { return true }
                    return machine.isOver ? false : nil
                }
                guard hasOutput else { return }
                monitor.change { $0.drainOutput(into: &buffer) }
                guard !buffer.isEmpty else { continue }
                try await send(ByteBuffer(bytes: buffer))
            }
        } catch is CancellationError {
            return
        } catch {
            monitor.change { $0.disconnected("\(error)", now: clock.now()) }
        }
    }

    /// Gives the machine its beat until the session is over, and then the network some time to take the last word: a side
    /// that reads nothing must not keep the connection.
    ///
    /// Beats that were missed are not made up for.
    func beat() async {
        var next = clock.now()
        while !monitor.read({ $0.isOver }) {
            next = max(next + monitor.read { $0.beatInterval }, clock.now())
            do {
                try await clock.sleep(next)
            } catch {
                return
            }
            monitor.change { $0.beat(now: clock.now()) }
        }
        try? await clock.sleep(clock.now() + SessionTiming.lastWord)
    }
}

/// Which of a session's tasks has ended.
enum SessionTask: Hashable, Sendable {
    case reader
    case writer
    case beat
    case program
    case grace
}

/// Runs `body` with a limit.
///
/// - Throws: ``PeerError/deadlineExceeded(_:)`` after `limit`; what `body` throws.
package func withDeadline<Result: Sendable>(
    _ limit: Duration,
    _ deadline: PeerDeadline,
    clock: SessionClock,
    _ body: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        let end = clock.now() + limit
        group.addTask { try await body() }
        group.addTask {
            try await clock.sleep(end)
            return nil
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() ?? nil else { throw PeerError.deadlineExceeded(deadline) }
        return result
    }
}
