/// The executor that the present task prefers, which its children inherit and unstructured tasks don't.
private var preferredExecutor: (any TaskExecutor)? {
    guard #available(macOS 26.4, *) else { return nil }
    return withUnsafeCurrentTask { $0?.unownedTaskExecutor?.asTaskExecutor() }
}

extension Task where Failure == Never {
    /// Starts work that its maker's cancellation does not reach, on the executor that its maker prefers.
    ///
    /// Whoever makes one awaits it on every path.
    static func shielded(_ work: @escaping @Sendable () async -> Success) -> Task<Success, Never> {
        Task(executorPreference: preferredExecutor, operation: work)
    }
}

extension Task where Failure == any Error {
    /// Starts work that its maker's cancellation does not reach, on the executor that its maker prefers.
    ///
    /// Whoever makes one awaits it on every path.
    static func shielded(_ work: @escaping @Sendable () async throws -> Success) -> Task<Success, any Error> {
        Task(executorPreference: preferredExecutor, operation: work)
    }
}
