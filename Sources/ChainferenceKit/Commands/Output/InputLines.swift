import Dispatch

/// The lines of standard input, awaited rather than blocked on: whoever waits for one can be cancelled.
struct InputLines: Sendable {
    private let lines: AsyncStream<String>

    /// Begins to read.
    ///
    /// There is one standard input, so there should be one of these.
    init() {
        let (lines, continuation) = AsyncStream<String>.makeStream()
        self.lines = lines
        // Reading blocks its thread until there is a line, which no task may do.
        DispatchQueue(label: "chainference.input").async {
            while let line = readLine() { continuation.yield(line) }
            continuation.finish()
        }
    }

    /// The next line; nil at the end or when the task is cancelled.
    func next() async -> String? {
        for await line in lines { return line }
        return nil
    }
}
