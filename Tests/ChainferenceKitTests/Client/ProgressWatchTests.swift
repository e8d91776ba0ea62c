import Synchronization
import Testing

@testable import ChainferenceKit

@Suite("The watch over a wait")
struct ProgressWatchTests {
    @Test("Work that ends in time gives its result")
    func inTime() async throws {
        let watch = ProgressWatch(waitingFor: "anything", within: .seconds(60))
        #expect(try await watch.run { 7 } == 7)
    }

    @Test("Silence is an error that says what was waited for and how long")
    func silence() async {
        let watch = ProgressWatch(waitingFor: "first token", within: .milliseconds(20))
        let error = await #expect(throws: ProgressWatch.Stalled.self) {
            try await watch.run { try await Task.sleep(for: .seconds(3_600)) }
        }
        #expect(error?.waitedFor == "first token")
        #expect(error?.limit == .milliseconds(20))
    }

    @Test("Each sign of life starts the wait anew, with its own limit")
    func progress() async {
        let watch = ProgressWatch(waitingFor: "first token", within: .seconds(3_600))
        let error = await #expect(throws: ProgressWatch.Stalled.self) {
            try await watch.run(clock: HurriedClock()) {
                watch.progress(nowWaitingFor: "further token", within: .seconds(45))
                try await Task.sleep(for: .seconds(3_600))
            }
        }
        #expect(error?.waitedFor == "further token")
    }

    @Test("The error of the work is the error of the run")
    func failure() async {
        struct Broken: Error {}
        let watch = ProgressWatch(waitingFor: "anything", within: .seconds(60))
        await #expect(throws: Broken.self) { try await watch.run { throw Broken() } }
    }

    @Test("Cancelling the caller cancels the work")
    func cancellation() async {
        let cancelled = Flag()
        let watch = ProgressWatch(waitingFor: "anything", within: .seconds(60))
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                _ = try? await watch.run {
                    await withTaskCancellationHandler {
                        try? await Task.sleep(for: .seconds(3_600))
                    } onCancel: {
                        cancelled.raise()
                    }
                }
            }
            group.cancelAll()
        }
        #expect(cancelled.isRaised)
    }
}

private final class Flag: Sendable {
    private let state = Mutex(false)
    var isRaised: Bool { state.withLock { $0 } }
    func raise() { state.withLock { $0 = true } }
}

/// A clock on which every wait takes a millisecond.
private struct HurriedClock: Clock {
    private let base = ContinuousClock()
    var now: ContinuousClock.Instant { base.now }
    var minimumResolution: Duration { base.minimumResolution }

    func sleep(until deadline: ContinuousClock.Instant, tolerance: Duration?) async throws {
        try await base.sleep(for: .milliseconds(1))
    }
}
