import Foundation
import SolanaRPC
import Synchronization

/// A machine of its own for a test: one thread that runs all of the test's tasks, and a clock that jumps to the next
/// sleeper's moment as soon as nobody has anything left to do.
///
/// Minutes of back-off pass in microseconds, and with a seed for its randomness a run is the same every time.
final class VirtualTime: TaskExecutor, Sendable {
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

/// When a sleeper is to be woken.
private struct Wakeup {
    let deadline: Duration
    let id: UInt64

    static func < (one: Self, other: Self) -> Bool {
        one.deadline == other.deadline ? one.id < other.id : one.deadline < other.deadline
    }
}

/// A binary heap, the earliest wakeup first.
private struct WakeupQueue {
    private var heap: [Wakeup] = []

    mutating func insert(_ wakeup: Wakeup) {
        var index = heap.count
        heap.append(wakeup)
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> Wakeup? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != index else { return first }
            heap.swapAt(index, least)
            index = least
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
