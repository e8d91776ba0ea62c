import Subprocess
import Synchronization

#if canImport(System)
    import System
#else
    import SystemPackage
#endif

/// A backend that runs a command for each answer: the prompt on its standard input, the answer on its standard output.
///
/// ```swift
/// let backend = ProcessBackend(models: ["org/model"], command: .init("/usr/local/bin/answer", arguments: ["--fast"]))
/// ```
///
/// No shell is involved. The command runs in a session of its own with a small environment (see ``Command/environment``)
/// and is told which model is meant and how much it may write in `CHAINFERENCE_MODEL`, `CHAINFERENCE_MAX_TOKENS`,
/// `CHAINFERENCE_TEMPERATURE` and `CHAINFERENCE_SEED`, as far as the request says. What it starts itself ends with it:
/// when the answer is cancelled, takes too long or reaches a limit, its whole process group gets SIGTERM and two seconds
/// later SIGKILL.
///
/// A command that starts for every answer loads its model every time. For engines that can stay up, prefer
/// ``OpenAICompatibleBackend``.
public struct ProcessBackend: InferenceBackend {
    /// What is run.
    public struct Command: Hashable, Sendable {
        /// The program: a path, or a name that is looked up in `PATH`.
        public var executable: String
        /// Its arguments, one by one; nothing is expanded.
        public var arguments: [String]
        /// Variables besides `PATH`, `HOME`, `LANG` and `TMPDIR`, which alone are passed on from this process: the rest of
        /// its environment may hold secrets of the provider.
        public var environment: [String: String]
        /// Where it runs; nil for this process's own folder.
        public var workingDirectory: String?

        /// Names a command; nothing is run yet.
        ///
        /// - Parameters:
        ///   - executable: A path, or a name to look up in `PATH`.
        ///   - arguments: Its arguments.
        ///   - environment: Variables to set.
        ///   - workingDirectory: Where it runs.
        public init(
            _ executable: String,
            arguments: [String] = [],
            environment: [String: String] = [:],
            workingDirectory: String? = nil
        ) {
            self.executable = executable
            self.arguments = arguments
            self.environment = environment
            self.workingDirectory = workingDirectory
        }
    }

    /// What the command reads.
    public enum Input: String, Hashable, Sendable, CaseIterable {
        /// The text of the last message.
        case lastMessage = "last-message"
        /// Every message as `role: text`, with an empty line between two.
        case transcript
        /// The JSON of the chat-completions request, byte for byte.
        case json
    }

    /// What the command writes, in UTF-8.
    public enum Output: String, Hashable, Sendable, CaseIterable {
        /// The answer itself. A token is taken to be four bytes, since nothing better is known.
        case text
        /// JSON objects, one a line: `{"text": "…", "tokens": 3}`, or `{"reasoning": "…"}`; `tokens` is 1 where it is absent.
        /// A last object may be `{"usage": {"prompt_tokens": 12, "completion_tokens": 345}, "finish_reason": "stop"}`.
        case jsonLines = "json-lines"
    }

    /// How long to wait, and how much at once.
    public struct Limits: Hashable, Sendable {
        /// From the start to the first piece of the answer.
        public var firstToken: Duration
        /// Between two pieces.
        public var nextToken: Duration
        /// For one whole answer.
        public var wholeAnswer: Duration
        /// How many commands may run at once; more requests are refused as overload.
        public var processes: Int

        /// Makes limits.
        ///
        /// - Parameters:
        ///   - firstToken: From the start to the first piece.
        ///   - nextToken: Between two pieces.
        ///   - wholeAnswer: For one whole answer.
        ///   - processes: How many commands may run at once.
        public init(
            firstToken: Duration = .seconds(120),
            nextToken: Duration = .seconds(30),
            wholeAnswer: Duration = .seconds(1_800),
            processes: Int = 4
        ) {
            self.firstToken = firstToken
            self.nextToken = nextToken
            self.wholeAnswer = wholeAnswer
            self.processes = processes
        }
    }

    private let names: [String]
    let command: Command
    let input: Input
    let output: Output
    let limits: Limits
    private let slots: Slots

    /// Names a command and the models that it answers for; nothing is run yet.
    ///
    /// - Parameters:
    ///   - models: The names that requests may have.
    ///   - command: What is run for each answer.
    ///   - input: What the command reads.
    ///   - output: What the command writes.
    ///   - limits: How long to wait, and how much at once.
    public init(
        models: [String],
        command: Command,
        input: Input = .transcript,
        output: Output = .text,
        limits: Limits = Limits()
    ) {
        names = models
        self.command = command
        self.input = input
        self.output = output
        self.limits = limits
        slots = Slots(count: limits.processes)
    }

    /// The models that the backend was made with.
    ///
    /// - Throws: ``InferenceError/unavailable(reason:)`` when there is no such command.
    public func models() async throws -> [String] {
        do {
            _ = try await executable.resolveExecutablePath(in: environment(for: nil))
        } catch {
            throw InferenceError.unavailable(reason: "there is no command \"\(command.executable)\"")
        }
        return names
    }

    /// Runs the command and streams what it writes.
    ///
    /// Stop sequences and the limit on tokens are kept whatever the command writes; it is stopped when one is reached.
    ///
    /// - Returns: Why the answer ended, and what the command counted if it did.
    /// - Throws: ``InferenceError/engineFailed(reason:)`` with the end of its standard error when the command exits with
    ///   another status than 0; ``InferenceError/timedOut(_:limit:)``; ``InferenceError/overloaded(retryAfter:)``;
    ///   `CancellationError` when the task is cancelled; what `output` throws.
    public func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary
    {
        guard names.contains(request.model) else { throw InferenceError.unknownModel(request.model) }
        guard slots.take() else { throw InferenceError.overloaded(retryAfter: nil) }
        defer { slots.give() }
        return try await ProcessRun(backend: self, request: request).perform(into: output)
    }

    var executable: Executable {
        command.executable.contains("/") ? .path(FilePath(command.executable)) : .name(command.executable)
    }

    var workingDirectory: FilePath? { command.workingDirectory.map { FilePath($0) } }

    func environment(for request: GenerationRequest?) -> Environment {
        var variables = command.environment
        if let request {
            variables["CHAINFERENCE_MODEL"] = request.model
            variables["CHAINFERENCE_MAX_TOKENS"] = request.maximumOutputTokens.map(String.init)
            variables["CHAINFERENCE_TEMPERATURE"] = request.temperature.map { String($0) }
            variables["CHAINFERENCE_SEED"] = request.seed.map(String.init)
        }
        return ProcessEnvironment.passingOn(["PATH", "HOME", "LANG", "TMPDIR"], adding: variables)
    }

    /// What the command reads for a request.
    func standardInput(for request: GenerationRequest) -> [UInt8] {
        switch input {
        case .json: request.body
        case .lastMessage: Array((request.messages.last?.text ?? "").utf8)
        case .transcript:
            Array(request.messages.map { "\($0.role): \($0.text)" }.joined(separator: "\n\n").utf8) + [0x0a]
        }
    }
}

extension ProcessBackend: CustomStringConvertible {
    /// The kind and the program, without its arguments, which may hold secrets.
    public var description: String { "command \(command.executable)" }
}

/// Counts the commands that may still be started.
private final class Slots: Sendable {
    private let free: Mutex<Int>

    init(count: Int) { free = Mutex(max(1, count)) }

    func take() -> Bool {
        free.withLock { free in
            guard free > 0 else { return false }
            free -= 1
            return true
        }
    }

    func give() { free.withLock { $0 += 1 } }
}
