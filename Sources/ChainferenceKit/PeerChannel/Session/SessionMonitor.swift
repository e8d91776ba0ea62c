import Synchronization

/// What the shell needs from a session machine.
protocol SessionMachine: ~Copyable, Sendable {
    var isOver: Bool { get }
    var wantsInput: Bool { get }
    var hasOutput: Bool { get }
    var beatInterval: Duration { get }
    /// Whether another machine has taken over what outlives the connection.
    var hasSurrendered: Bool { get }
    mutating func drainOutput(into buffer: inout [UInt8])
    mutating func receive(_ bytes: UnsafeRawBufferPointer, now: Duration)
    mutating func disconnected(_ reason: String?, now: Duration)
    mutating func beat(now: Duration)
}

extension ClientSessionMachine: SessionMachine {}
extension ServerSessionMachine: SessionMachine {}

/// A machine behind a lock, and those who wait for it to change: a monitor in Hoare's sense.
///
/// What somebody waits for is looked for within the change that brings it about, so that nobody is woken in vain: a stream
/// that only beats wakes no one. The lock is never held across a suspension, and nobody but the methods here holds it.
final class SessionMonitor<Machine: SessionMachine & ~Copyable>: Sendable {
    private struct State: ~Copyable, Sendable {
        var machine: Machine
        var nextWaiter: UInt64 = 0
        var waiters: [Waiter] = []
    }

    private struct Waiter: Sendable {
        let id: UInt64
        let continuation: CheckedContinuation<Void, any Error>
        /// Looks whether the wait is over.
        let isServed: @Sendable (inout Machine) -> Bool
    }

    /// Where the result of a wait is put by whoever brings it about.
    private final class Slot<Result: Sendable>: Sendable {
        private let outcome = Mutex<Swift.Result<Result, any Error>?>(nil)

        func fill(_ attempt: (inout Machine) throws -> Result?, _ machine: inout Machine) -> Bool {
            let found: Swift.Result<Result, any Error>
            do {
                guard let result = try attempt(&machine) else { return false }
                found = .success(result)
            } catch {
                found = .failure(error)
            }
            outcome.withLock { $0 = found }
            return true
        }

        var result: Swift.Result<Result, any Error>? { outcome.withLock { $0 } }
    }

    private let state: Mutex<State>

    init(_ machine: consuming Machine) {
        state = Mutex(State(machine: machine))
    }

    /// Looks at the machine without changing it.
    func read<Result: Sendable>(_ body: (borrowing Machine) -> Result) -> Result {
        state.withLock { body($0.machine) }
    }

    /// Changes the machine; whoever waits for what has come about goes on.
    func change<Result: Sendable, Failure: Error>(
        _ body: (inout Machine) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let (outcome, served) = state.withLock { state -> (Swift.Result<Result, Failure>, [Waiter]) in
            let outcome: Swift.Result<Result, Failure>
            do throws(Failure) {
                outcome = .success(try body(&state.machine))
            } catch {
                outcome = .failure(error)
            }
            return (outcome, Self.serveWaiters(&state))
        }
        for waiter in served { waiter.continuation.resume() }
        return try outcome.get()
    }

    /// Waits until `attempt` gives something; it is tried now and with every change.
    ///
    /// - Parameter attempt: Called with the lock held; must not block.
    /// - Returns: What `attempt` gave.
    /// - Throws: What `attempt` throws, or `CancellationError`.
    func wait<Result: Sendable>(
        _ attempt: @escaping @Sendable (inout Machine) throws -> Result?
    ) async throws -> Result {
        let slot = Slot<Result>()
        let id = state.withLock { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                // A cancellation before this point is seen here, one after it finds the waiter: both take the lock.
                let (isServed, isCancelled, others) = state.withLock { state -> (Bool, Bool, [Waiter]) in
                    if slot.fill(attempt, &state.machine) { return (true, false, Self.serveWaiters(&state)) }
                    guard !Task.isCancelled else { return (false, true, []) }
                    let waiter = Waiter(id: id, continuation: continuation) { slot.fill(attempt, &$0) }
                    state.waiters.append(waiter)
                    return (false, false, [])
                }
                for waiter in others { waiter.continuation.resume() }
                if isServed {
                    continuation.resume()
                } else if isCancelled {
                    continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            let waiter = state.withLock { state -> Waiter? in
                guard let index = state.waiters.firstIndex(where: { $0.id == id }) else { return nil }
                return state.waiters.remove(at: index)
            }
            waiter?.continuation.resume(throwing: CancellationError())
        }
        guard let result = slot.result else { throw CancellationError() }
        return try result.get()
    }

    /// Takes out everybody whose wait is over; what one of them does to the machine can end another's wait.
    private static func serveWaiters(_ state: inout State) -> [Waiter] {
        guard !state.waiters.isEmpty else { return [] }
        var served: [Waiter] = []
        var index = 0
        while index < state.waiters.count {
            if state.waiters[index].isServed(&state.machine) {
                served.append(state.waiters.remove(at: index))
                index = 0
            } else {
                index += 1
            }
        }
        return served
    }
}
