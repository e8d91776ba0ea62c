import Synchronization

/// What the shell needs from a session machine.
protocol SessionMachine: ~Copyable, Sendable {
    var isOver: Bool { get }
    var wantsInput: Bool { get }
    var hasOutput: Bool { get }
    var beatInterval: Duration { get }
    mutating func drainOutput(into buffer: inout [UInt8])
    mutating func receive(_ bytes: UnsafeRawBufferPointer, now: Duration)
    mutating func disconnected(_ reason: String?, now: Duration)
    mutating func beat(now: Duration)
}

extension ClientSessionMachine: SessionMachine {}
extension ServerSessionMachine: SessionMachine {}

/// A machine behind a lock, and those who wait for it to change: a monitor in Hoare's sense.
///
/// The lock is never held across a suspension, and nobody but the methods here holds it.
final class SessionMonitor<Machine: SessionMachine & ~Copyable>: Sendable {
    private struct State: ~Copyable, Sendable {
        var machine: Machine
        var version: UInt64 = 0
        var nextWaiter: UInt64 = 0
        var waiters: [Waiter] = []
    }

    private struct Waiter: Sendable {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
    }

    private let state: Mutex<State>

    init(_ machine: consuming Machine) {
        state = Mutex(State(machine: machine))
    }

    /// Looks at the machine without changing it.
    func read<Result: Sendable>(_ body: (borrowing Machine) -> Result) -> Result {
        state.withLock { body($0.machine) }
    }

    /// Changes the machine and lets everybody who waits look again.
    func change<Result: Sendable, Failure: Error>(
        _ body: (inout Machine) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (outcome, waiters) = state.withLock { state -> (Swift.Result<Result, Failure>, [Waiter]) in
            let outcome: Swift.Result<Result, Failure>
            do throws(Failure) {
                outcome = .success(try body(&state.machine))
            } catch {
                outcome = .failure(error)
            }
            return (outcome, Self.takeWaiters(&state))
        }
        for waiter in waiters { waiter.continuation.resume() }
        return try outcome.get()
    }

    /// Waits until `attempt` gives something; it is tried now and after every change.
    ///
    /// - Throws: What `attempt` throws, or `CancellationError`.
    func wait<Result: Sendable>(_ attempt: @Sendable (inout Machine) throws -> Result?) async throws -> Result {
        while true {
            let (outcome, version, waiters) = state.withLock {
                state -> (Swift.Result<Result?, any Error>, UInt64, [Waiter]) in
                let outcome = Swift.Result { try attempt(&state.machine) }
                if case .success(nil) = outcome { return (outcome, state.version, []) }
                return (outcome, state.version, Self.takeWaiters(&state))
            }
            for waiter in waiters { waiter.continuation.resume() }
            if let result = try outcome.get() { return result }
            try await suspend(asLongAs: version)
        }
    }

    private static func takeWaiters(_ state: inout State) -> [Waiter] {
        state.version &+= 1
        guard !state.waiters.isEmpty else { return [] }
        defer { state.waiters.removeAll(keepingCapacity: true) }
        return state.waiters
    }

    private func suspend(asLongAs version: UInt64) async throws {
        let id = state.withLock { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                // A cancellation before this point is seen here, one after it finds the waiter: both take the lock.
                let (mayGoOn, isCancelled) = state.withLock { state in
                    let isCancelled = Task.isCancelled
                    if isCancelled || state.version != version { return (true, isCancelled) }
                    state.waiters.append(Waiter(id: id, continuation: continuation))
                    return (false, false)
                }
                guard mayGoOn else { return }
                if isCancelled {
                    continuation.resume(throwing: CancellationError())
                } else {
                    continuation.resume()
                }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
    }
}
