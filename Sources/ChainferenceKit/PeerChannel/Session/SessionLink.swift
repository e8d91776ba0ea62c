import Synchronization

/// The machine that carries a session at the moment; when a new connection takes over, another takes its place.
///
/// Whoever asks a machine that has just been replaced is led to its successor.
final class SessionLink<Machine: SessionMachine & ~Copyable>: Sendable {
    private struct State: Sendable {
        var monitor: SessionMonitor<Machine>
        var isClosed = false
    }

    /// What one attempt gives: a result, or nothing because the machine has been replaced.
    private enum Turn<Result: Sendable>: Sendable {
        case result(Result)
        case replaced
    }

    private let state: Mutex<State>

    init(_ monitor: SessionMonitor<Machine>) {
        state = Mutex(State(monitor: monitor))
    }

    /// Who carries the session now.
    var monitor: SessionMonitor<Machine> { state.withLock { $0.monitor } }

    /// Looks at the machine without changing it.
    func read<Result: Sendable>(_ body: (borrowing Machine) -> Result) -> Result {
        while true {
            let turn = monitor.read { machine -> Turn<Result> in
                machine.hasSurrendered ? .replaced : .result(body(machine))
            }
            if case .result(let result) = turn { return result }
        }
    }

    /// Changes the machine and lets everybody who waits look again.
    func change<Result: Sendable, Failure: Error>(
        _ body: (inout Machine) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        while true {
            let turn = try monitor.change { machine throws(Failure) -> Turn<Result> in
                machine.hasSurrendered ? .replaced : .result(try body(&machine))
            }
            if case .result(let result) = turn { return result }
        }
    }

    /// Waits until `attempt` gives something, from whichever machine carries the session.
    ///
    /// - Throws: What `attempt` throws, or `CancellationError`.
    func wait<Result: Sendable>(
        _ attempt: @escaping @Sendable (inout Machine) throws -> Result?
    ) async throws -> Result {
        while true {
            let turn = try await monitor.wait { machine -> Turn<Result>? in
                if machine.hasSurrendered { return .replaced }
                return try attempt(&machine).map(Turn.result)
            }
            if case .result(let result) = turn { return result }
        }
    }

    /// Puts another machine in the place of the present one.
    ///
    /// - Parameters:
    ///   - successor: The new machine.
    ///   - transfer: Moves what outlives a connection; the old machine has surrendered afterwards.
    /// - Returns: Whether the session was still there to be moved.
    @discardableResult
    func move(
        to successor: SessionMonitor<Machine>,
        _ transfer: (_ old: SessionMonitor<Machine>, _ new: SessionMonitor<Machine>) -> Void
    ) -> Bool {
        state.withLock { state in
            guard !state.isClosed else { return false }
            transfer(state.monitor, successor)
            state.monitor = successor
            return true
        }
    }

    /// From now on nothing takes over any more.
    func close() { state.withLock { $0.isClosed = true } }
}
