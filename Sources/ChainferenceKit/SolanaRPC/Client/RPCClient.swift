public import CurlHTTP
public import JSON
public import Logging
public import Solana
import Synchronization

/// Asks Solana nodes over JSON-RPC.
///
/// ```swift
/// let rpc = RPCClient(cluster: .devnet)
/// let balance = try await rpc.getBalance(of: address)
/// ```
///
/// Every call
/// * ends within ``RPCPolicy/deadline``, with an error that says what went wrong until then;
/// * is repeated, with growing and jittered pauses, after failures that a repetition can mend, unless it could then have
///   its effect twice;
/// * keeps to the node's rate limit: when the node asks to wait (`Retry-After`), all calls to it wait;
/// * goes to another endpoint, if there are several, while one does not work;
/// * never sees the chain go back in time: an answer from before an earlier answer is refused, and asked for again.
///
/// All methods throw ``RPCError``, or `CancellationError` when the task is cancelled.
public final class RPCClient: Sendable {
    /// The network that the client was made for.
    public let cluster: Cluster
    /// The commitment of calls that name none.
    public let commitment: Commitment
    /// How patiently and how eagerly nodes are called.
    public let policy: RPCPolicy
    /// What knows the errors of the programs that are used.
    public let programErrors: ProgramErrorResolver

    let environment: RPCEnvironment
    let watermark = SlotWatermark()
    private let endpoints: [Endpoint]
    private let logger: Logger?
    private let nextID = Atomic<UInt64>(1)

    /// Makes a client that goes through libcurl.
    ///
    /// - Parameters:
    ///   - cluster: the network, and its preferred node.
    ///   - fallbacks: further nodes of the same network, used while the preferred one does not work.
    ///   - commitment: the commitment of calls that name none.
    ///   - policy: how patiently and how eagerly to call.
    ///   - programErrors: turns custom error codes of programs into their Swift errors.
    ///   - http: the HTTP client, which decides on proxies and certificates; by default the one for the whole process.
    ///   - headers: further headers of every request, such as an API key; they go to the fallbacks too.
    ///   - environment: the clock and randomness.
    ///   - logger: told about retries and pauses; never about contents.
    public convenience init(
        cluster: Cluster,
        fallbacks: [Cluster] = [],
        commitment: Commitment = .confirmed,
        policy: RPCPolicy = RPCPolicy(),
        programErrors: ProgramErrorResolver = .none,
        http: HTTPClient = .shared,
        headers: HTTPHeaders = [:],
        environment: RPCEnvironment = RPCEnvironment(),
        logger: Logger? = nil
    ) {
        self.init(
            cluster: cluster,
            transports: ([cluster] + fallbacks).map {
                ($0, CurlTransport(url: $0.rpcURL, client: http, headers: headers))
            },
            commitment: commitment,
            policy: policy,
            programErrors: programErrors,
            environment: environment,
            logger: logger
        )
    }

    /// Makes a client over transports of your own, in order of preference; there has to be at least one.
    ///
    /// - Parameters:
    ///   - cluster: the network.
    ///   - transports: the nodes, each with the cluster description that its rate limit and name are taken from.
    ///   - commitment: the commitment of calls that name none.
    ///   - policy: how patiently and how eagerly to call.
    ///   - programErrors: turns custom error codes of programs into their Swift errors.
    ///   - environment: the clock and randomness.
    ///   - logger: told about retries and pauses; never about contents.
    public init(
        cluster: Cluster,
        transports: [(Cluster, any RPCTransport)],
        commitment: Commitment = .confirmed,
        policy: RPCPolicy = RPCPolicy(),
        programErrors: ProgramErrorResolver = .none,
        environment: RPCEnvironment = RPCEnvironment(),
        logger: Logger? = nil
    ) {
        precondition(!transports.isEmpty, "an RPC client needs at least one transport")
        self.cluster = cluster
        self.commitment = commitment
        self.policy = policy
        self.programErrors = programErrors
        self.environment = environment
        self.logger = logger
        endpoints = transports.map { cluster, transport in
            Endpoint(
                address: cluster.rpc.description,
                transport: transport,
                concurrentCalls: policy.concurrentCalls,
                rateLimit: cluster.rateLimit
            )
        }
    }

    /// Calls any method and decodes its result; for methods that have no function of their own.
    ///
    /// - Parameters:
    ///   - method: the name of the method.
    ///   - params: its parameters, in order.
    ///   - result: the type of the result.
    ///   - isRepeatable: whether the call may reach the node twice without harm.
    ///   - deadline: how long the call may take; by default the policy's.
    /// - Returns: the result.
    /// - Throws: ``RPCError`` or `CancellationError`.
    public func call<Result: Decodable & Sendable>(
        _ method: String,
        _ params: [JSONValue] = [],
        as result: Result.Type = Result.self,
        isRepeatable: Bool = true,
        deadline: Duration? = nil
    ) async throws -> Result {
        try await perform(
            RPCCall(method: method, params: params, isRepeatable: isRepeatable),
            deadline: deadline
        ) { $0 }
    }

    /// Calls a method until `accept` takes an answer or patience ends.
    ///
    /// - Parameters:
    ///   - call: the call.
    ///   - deadline: how long it may take; nil for the policy's.
    ///   - accept: makes the final result, or refuses the answer.
    /// - Returns: what `accept` made of the answer.
    /// - Throws: ``RPCError`` or `CancellationError`.
    func perform<Answer: Decodable & Sendable, Result: Sendable>(
        _ call: RPCCall,
        deadline: Duration? = nil,
        accept: @escaping @Sendable (Answer) throws(RefusedAnswer) -> Result
    ) async throws -> Result {
        let limit = deadline ?? policy.deadline
        let progress = CallProgress(endpoint: endpoints[0].address)
        let expiry = environment.clock.now + limit
        return try await withDeadline(limit, clock: environment.clock) {
            let state = progress.state
            return RPCError(
                method: call.method,
                endpoint: state.endpoint,
                attempts: state.attempts,
                reason: .deadlineExceeded(limit, last: state.last.map { "\($0)" })
            )
        } body: { [self] in
            while true {
                let endpoint = preferredEndpoint()
                let outcome = try await attempt(call, at: endpoint, expiry: expiry, progress: progress, accept: accept)
                let failure: AttemptFailure
                switch outcome {
                case .success(let result): return result
                case .failure(let error): failure = error
                }
                let attempts = progress.failed(failure.reason)
                let mayRepeat = failure.reason.isTransient && (call.isRepeatable || !failure.mayHaveReachedNode)
                guard mayRepeat, attempts < call.maximumAttempts ?? policy.maximumAttempts else {
                    throw RPCError(
                        method: call.method,
                        endpoint: endpoint.address,
                        attempts: attempts,
                        reason: failure.reason
                    )
                }
                logger?.debug(
                    "repeating an RPC call",
                    metadata: ["method": "\(call.method)", "attempt": "\(attempts)", "reason": "\(failure.reason)"]
                )
                // At another endpoint the first attempt may follow at once.
                if preferredEndpoint() === endpoint {
                    let pause = policy.backoff(afterFailures: attempts, random: environment.random())
                    try await environment.clock.sleep(for: pause)
                }
            }
        }
    }

    /// A new request number.
    private func makeID() -> UInt64 {
        nextID.wrappingAdd(1, ordering: .relaxed).oldValue
    }

    /// The first endpoint that can be called now, or else the one that can be called soonest.
    private func preferredEndpoint() -> Endpoint {
        guard endpoints.count > 1 else { return endpoints[0] }
        let now = environment.clock.now
        var best = endpoints[0]
        var bestTime = Duration.seconds(Int64.max / 2)
        for endpoint in endpoints {
            let time = endpoint.availableAt()
            if time <= now { return endpoint }
            if time < bestTime { (best, bestTime) = (endpoint, time) }
        }
        return best
    }

    /// Waits for its turn at the endpoint and makes one attempt.
    private func attempt<Answer: Decodable & Sendable, Result: Sendable>(
        _ call: RPCCall,
        at endpoint: Endpoint,
        expiry: Duration,
        progress: CallProgress,
        accept: @Sendable (Answer) throws(RefusedAnswer) -> Result
    ) async throws -> Swift.Result<Result, AttemptFailure> {
        progress.moved(to: endpoint.address)
        try await waitForAdmission(of: call.method, at: endpoint, expiry: expiry)
        try await endpoint.limit.acquire()
        defer { endpoint.limit.release() }
        progress.beganAttempt()
        let clock = environment.clock
        let timeout = max(.milliseconds(1), min(policy.attemptTimeout, expiry - clock.now))
        let id = makeID()
        let body = JSONRPCRequest(id: id, method: call.method, params: call.params).text
        let answer: RPCTransportAnswer
        do {
            answer = try await endpoint.transport.post(
                body,
                timeout: timeout,
                maximumAnswerSize: policy.maximumAnswerSize
            )
        } catch let error as RPCTransportError {
            endpoint.failed(now: clock.now)
            return .failure(AttemptFailure(error))
        }
        do throws(RefusedAnswer) {
            let value: Answer = try read(answer, id: id, call: call, endpoint: endpoint)
            let result = try accept(value)
            endpoint.succeeded()
            return .success(result)
        } catch {
            if error.reason.speaksAgainstNode { endpoint.failed(now: clock.now) }
            // A node that limits calls has not acted on this one.
            let isRateLimit = if case .rateLimited = error.reason { true } else { false }
            return .failure(AttemptFailure(reason: error.reason, mayHaveReachedNode: !isRateLimit))
        }
    }

    /// Waits until the node may be asked, or fails at once if that will be too late.
    private func waitForAdmission(of method: String, at endpoint: Endpoint, expiry: Duration) async throws {
        while true {
            let now = environment.clock.now
            let wait = endpoint.admit(method, now: now)
            guard wait > .zero else { return }
            guard now + wait < expiry else {
                throw RPCError(
                    method: method,
                    endpoint: endpoint.address,
                    attempts: 0,
                    reason: .rateLimited(retryAfter: wait)
                )
            }
            // Those who wait for the same moment spread out a little.
            try await environment.clock.sleep(for: wait + .milliseconds(50) * environment.random())
        }
    }

    /// Judges an HTTP answer and takes the result out of it.
    private func read<Answer: Decodable>(
        _ answer: RPCTransportAnswer,
        id: UInt64,
        call: RPCCall,
        endpoint: Endpoint
    ) throws(RefusedAnswer) -> Answer {
        switch answer.status {
        case 200..<300: break
        case 429:
            throw RefusedAnswer(.rateLimited(retryAfter: pause(endpoint, answer)))
        case 401, 403, 410:
            throw RefusedAnswer(.forbidden(status: answer.status, excerpt: JSONValue.excerpt(of: answer.body)))
        case 413:
            throw RefusedAnswer(.requestTooLarge)
        default:
            if answer.status == 503 { pause(endpoint, answer) }
            // Some nodes send JSON-RPC errors with HTTP errors; theirs says more.
            if let envelope = try? JSONCoding.decode(JSONRPCAnswer<JSONValue>.self, from: answer.body),
                case .error(let object) = envelope.outcome
            {
                throw RefusedAnswer(reason(object, call: call))
            }
            throw RefusedAnswer(.httpStatus(answer.status, excerpt: JSONValue.excerpt(of: answer.body)))
        }
        let envelope: JSONRPCAnswer<Answer>
        do {
            envelope = try JSONCoding.decode(JSONRPCAnswer<Answer>.self, from: answer.body)
        } catch {
            throw RefusedAnswer(.malformedAnswer(error.reason, excerpt: error.excerpt))
        }
        switch envelope.outcome {
        case .error(let object):
            throw RefusedAnswer(reason(object, call: call))
        case .result(let result):
            guard envelope.id == id else {
                throw RefusedAnswer(
                    .malformedAnswer(
                        "it belongs to another request",
                        excerpt: JSONValue.excerpt(of: answer.body)
                    )
                )
            }
            return result
        }
    }

    /// Keeps all calls away from a node for as long as it asks.
    ///
    /// Not for more than five minutes, so that no answer can silence a client for good.
    @discardableResult
    private func pause(_ endpoint: Endpoint, _ answer: RPCTransportAnswer) -> Duration? {
        guard let asked = answer.retryAfter else { return nil }
        let wait = min(asked, .seconds(300))
        endpoint.pause(until: environment.clock.now + wait)
        return wait
    }

    private func reason(_ object: JSONRPCErrorObject, call: RPCCall) -> RPCError.Reason {
        // Some providers limit the rate with a JSON-RPC error of their own and HTTP 200.
        if object.code == 429 || object.code == -32_429 { return .rateLimited(retryAfter: nil) }
        return RPCError.Reason(
            object,
            programs: call.programs,
            requiredSlot: call.minimumSlot,
            resolver: programErrors
        )
    }
}
