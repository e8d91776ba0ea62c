/// How patiently and how eagerly a client calls its nodes.
public struct RPCPolicy: Sendable, Hashable {
    /// How long a call may take, with all its attempts and pauses.
    public var deadline: Duration
    /// How long one attempt may take.
    public var attemptTimeout: Duration
    /// How often a call is attempted at most; calls whose repetition could do harm are only repeated when they
    /// can't have reached the node.
    public var maximumAttempts: Int
    /// The pause after the first failure; it doubles with every further one.
    public var initialBackoff: Duration
    /// The longest pause between attempts, unless the node asks for a longer one.
    public var maximumBackoff: Duration
    /// How many calls are under way to one node at once; further ones wait.
    public var concurrentCalls: Int
    /// How many bytes of an answer are accepted.
    public var maximumAnswerSize: Int
    /// Refuses answers that are older than earlier ones, as a lagging node behind a load balancer gives them.
    public var isMonotonic: Bool

    /// Makes a policy; the defaults suit a node on the internet.
    public init(
        deadline: Duration = .seconds(30),
        attemptTimeout: Duration = .seconds(10),
        maximumAttempts: Int = 8,
        initialBackoff: Duration = .milliseconds(250),
        maximumBackoff: Duration = .seconds(5),
        concurrentCalls: Int = 16,
        maximumAnswerSize: Int = 64 << 20,
        isMonotonic: Bool = true
    ) {
        self.deadline = deadline
        self.attemptTimeout = attemptTimeout
        self.maximumAttempts = maximumAttempts
        self.initialBackoff = initialBackoff
        self.maximumBackoff = maximumBackoff
        self.concurrentCalls = concurrentCalls
        self.maximumAnswerSize = maximumAnswerSize
        self.isMonotonic = isMonotonic
    }

    /// Short pauses, for a node on this machine.
    public static let localnet = Self(
        deadline: .seconds(10),
        attemptTimeout: .seconds(5),
        initialBackoff: .milliseconds(20),
        maximumBackoff: .milliseconds(500),
        concurrentCalls: 64
    )

    /// The pause before the attempt after `failures` failures: full jitter over the upper half of an exponential.
    func backoff(afterFailures failures: Int, random: Double) -> Duration {
        let doublings = min(max(0, failures - 1), 20)
        let ceiling = min(maximumBackoff, initialBackoff * (1 << doublings))
        return ceiling * (0.5 + 0.5 * random)
    }
}
