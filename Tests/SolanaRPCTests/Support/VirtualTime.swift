import Foundation
import SolanaRPC
import Synchronization

/// A machine of its own for a test: one thread that runs all of the test's tasks, and a clock that jumps to the next
/// sleeper's moment as soon as nobody has anything left to do.
///
/// Minutes of back-off pass in microseconds, and with a seed for its randomness a run is the same every time.
final class VirtualTime: TaskExecutor, Sendable {
    private struct Sleeper {
        let id: UInt64
        let deadline: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var jobs: [UnownedJob] = []
        var sleepers: [Sleeper] = []
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
    static func run<Value: Sendable>(
        seed: UInt64 = 1,
        _ body: @escaping @Sendable (VirtualTime) async throws -> Value
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

    var now: Duration { state.withLock { $0.now } }

    func random() -> Double { state.withLock { $0.random.unit() } }

    func sleep(for duration: Duration) async throws {
        let id = state.withLock { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                let isCancelled = state.withLock { state in
                    if state.cancelledEarly.remove(id) != nil { return true }
                    state.sleepers.append(
                        Sleeper(id: id, deadline: state.now + duration, continuation: continuation)
                    )
                    return false
                }
                if isCancelled { continuation.resume(throwing: CancellationError()) }
            }
        } onCancel: {
            let sleeper: Sleeper? = state.withLock { state in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelledEarly.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
        state.withLock { _ = $0.cancelledEarly.remove(id) }
    }

    var environment: RPCEnvironment {
        RPCEnvironment(
            clock: MonotonicClock(now: { self.now }, sleep: { try await self.sleep(for: $0) }),
            random: { self.random() }
        )
    }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        wake.signal()
    }

    private func stop() {
        state.withLock { $0.isOver = true }
        wake.signal()
    }

    private func loop() {
        while true {
            let jobs = state.withLock { state in
                defer { state.jobs.removeAll(keepingCapacity: true) }
                return state.jobs
            }
            for job in jobs { job.runSynchronously(on: asUnownedTaskExecutor()) }
            guard jobs.isEmpty else { continue }
            // Nobody can go on: the next sleeper's moment has come.
            let sleeper: Sleeper? = state.withLock { state in
                guard state.jobs.isEmpty,
                    let index = state.sleepers.indices.min(by: {
                        (state.sleepers[$0].deadline, state.sleepers[$0].id)
                            < (state.sleepers[$1].deadline, state.sleepers[$1].id)
                    })
                else { return nil }
                let sleeper = state.sleepers.remove(at: index)
                state.now = max(state.now, sleeper.deadline)
                return sleeper
            }
            if let sleeper {
                sleeper.continuation.resume()
                continue
            }
            if state.withLock({ $0.jobs.isEmpty && $0.isOver }) { return }
            wake.wait()
        }
    }
}

/// SplitMix64.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }

    mutating func unit() -> Double { Double(next() >> 11) * 0x1p-53 }
}
