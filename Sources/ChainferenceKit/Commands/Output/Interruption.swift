import UnixSignals

/// Lets Ctrl-C end work in good order: the first cancels it, so that money comes home; the second ends the process.
func interruptible<Result: Sendable>(
    _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
    let (stops, stop) = AsyncStream<Void>.makeStream()
    return try await withThrowingTaskGroup(of: Void.self) { watch in
        // Watches on while the cancelled work settles.
        watch.addTask {
            var isFirst = true
            for await _ in signals {
                guard isFirst else { Console.exit(130) }
                isFirst = false
                Console.error(
                    "\nEnding; what is due is being settled. Once more to leave at once (“sweep” brings the rest home)."
                )
                stop.yield()
            }
        }
        defer { watch.cancelAll() }
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await work() }
            group.addTask {
                for await _ in stops { throw CancellationError() }
                return nil
            }
            defer { group.cancelAll() }
            while let ended = try await group.next() {
                if let result = ended { return result }
            }
            throw CancellationError()
        }
    }
}
