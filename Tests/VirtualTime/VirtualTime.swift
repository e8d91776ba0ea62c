import Foundation
import Synchronization

/// A machine of its own for a test: one thread that runs all of the test's tasks, and a clock that jumps to the next
/// sleeper's moment as soon as nobody has anything left to do.
///
/// Minutes of back-off pass in microseconds, and with a seed for its randomness a run is the same every time. That holds
/// as long as all tasks are children of the test's: one without a parent runs elsewhere, unless it is given the executor;
/// and so does, for a moment, one that calls `Task.yield()`.
package final class VirtualTime: TaskExecutor, Sendable {
    private struct State {
        var jobs: [UnownedJob] = []
        /// Who sleeps, by number; who was cancelled is gone from here and stays in `wakeups`.
        var sleepers: [UInt64: CheckedContinuation<Void, any Error>] = [:]
        var wakeups = WakeupQueue()
        var cancelledEarly: Set<UInt64> = []
        var now: Duration = .seconds(1_000)
        var nextID: UInt64 = 0
        var isOver = false
        var random: SeededRandom
    }

    private let state: Mutex<State>
    private let wake = DispatchSemaphore(value: 0)

    private init(seed: UInt64) {
        state = Mutex(State(random: SeededRandom(seed: seed)))
    }

    /// Runs `body` in a new machine.
    package static func run<Value: Sendable>(
        seed: UInt64 = 1,
        _ body: @Sendable (VirtualTime) async throws -> Value
    ) async throws -> Value {
        let machine = VirtualTime(seed: seed)
        let thread = Thread { machine.loop() }
        thread.stackSize = 8 << 20
        thread.start()
        defer { machine.stop() }
        return try await withTaskExecutorPreference(machine) {
            try await body(machine)
        }
    }

    /// The time since an arbitrary beginning.
    package var now: Duration { state.withLock { $0.now } }

    /// A number in `0 ..< 1` that follows from the seed.
    package func random() -> Double { state.withLock { $0.random.unit() } }

    /// Sleeps; throws when the task is cancelled.
    ///
    /// - Precondition: The task runs in this machine.
    package func sleep(for duration: Duration) async throws {
        precondition(Self.ofThread === self, "a task of this test has left its machine")
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelledEarly.remove(id) != nil { return true }
                    state.sleepers[id] = continuation
                    state.wakeups.insert(Wakeup(deadline: state.now + duration, id: id))
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                let sleeper = state.sleepers.removeValue(forKey: id)
                if sleeper == nil { state.cancelledEarly.insert(id) }
                return sleeper
            }
            sleeper?.resume(throwing: CancellationError())
        }
        state.withLock { _ = $0.cancelledEarly.remove(id) }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    private func stop() {
        state.withLock { $0.isOver = true }
        wake.signal()
    }

    /// The machine that the present thread belongs to.
    private static var ofThread: VirtualTime? {
        Thread.current.threadDictionary[key] as? VirtualTime
    }

    private static let key = "VirtualTime"

    private func loop() {
        Thread.current.threadDictionary[Self.key] = self
        while true {
            let jobs = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return state.jobs
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            guard jobs.isEmpty else { continue }
            // Nobody can go on: the next sleeper's moment has come.
            let sleeper: CheckedContinuation<Void, any Error>? = state.withLock { state in
                guard state.jobs.isEmpty else { return nil }
                while let next = state.wakeups.popFirst() {
                    guard let sleeper = state.sleepers.removeValue(forKey: next.id) else { continue }
                    state.now = max(state.now, next.deadline)
                    return sleeper
                }
                return nil
            }
            if let sleeper {
                sleeper.resume()
                continue
            }
            if state.withLock({ $0.jobs.isEmpty && $0.isOver }) { return }
            wake.wait()
        }
    }
}
