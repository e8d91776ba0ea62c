import Testing
import VirtualTime

/// Runs each test in a machine of its own, in which time passes only when nobody has anything left to do.
struct VirtualTimeTrait: SuiteTrait, TestTrait, TestScoping {
    let isRecursive = true

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @Sendable () async throws -> Void
    ) async throws {
        try await VirtualTime.run { machine async throws in
            try await Self.$machine.withValue(machine) { try await function() }
        }
    }

    @TaskLocal fileprivate static var machine: VirtualTime?
}

extension Trait where Self == VirtualTimeTrait {
    /// In virtual time; ``VirtualClock/ofTest`` is the clock.
    static var virtualTime: Self { Self() }
}

extension VirtualClock {
    /// The clock of the test that runs here.
    static var ofTest: VirtualClock {
        get throws { try #require(VirtualTimeTrait.machine, "the test has no virtual time").clock }
    }
}
