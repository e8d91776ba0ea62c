import UnixSignals

/// Lets Ctrl-C end work in good order: the first cancels it, so that money comes home; the second ends the process.
///
/// - Parameters:
///   - progress: Gets out of the way of what is said then.
///   - work: What may be interrupted.
/// - Returns: What `work` returns.
/// - Throws: What `work` throws; ``Interrupted`` in the place of a `CancellationError`.
func interruptible<Result: Sendable>(
    _ progress: AnswerProgress,
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
                progress.interrupt(
                    "Ending; what is due is being settled. Once more to leave at once: the next command, or “sweep”, brings "
                        + "the rest home."
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
            do {
                while let ended = try await group.next() {
                    if let result = ended { return result }
                }
            } catch is CancellationError {
                // The work ends in good order before the scope does.
            }
            throw Interrupted()
        }
    }
}

/// Somebody pressed Ctrl-C, and it was enough.
struct Interrupted: Error, CustomStringConvertible {
    var description: String {
        "Interrupted. What had come is paid for, and everything else is back or comes back by itself: see “sweep”."
    }
}
