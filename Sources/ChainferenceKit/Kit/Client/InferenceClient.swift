public import CurlHTTP
public import Inference
public import InferenceMarket
public import Logging
public import Solana
public import SolanaRPC

/// Buys answers.
///
/// ```swift
/// let client = try await InferenceClient(wallet: .solanaCLIDefault(), cluster: .devnet)
/// let chat = client.chat("meta-llama/Llama-3.1-8B-Instruct", [.user("Why is the sky blue?")], budget: .lamports(200_000))
/// for try await event in chat {
///     if case .token(let text) = event { print(text, terminator: "") }
/// }
/// ```
///
/// Money: the budget is staked on the chain; a server can charge at most what the client has vouched for while it
/// received, or the small ``ClientPolicy/credit``. The rest comes back.
public struct InferenceClient: Sendable {
    /// The wallet that stakes and pays fees.
    public let wallet: Wallet

    /// How much the client trusts, and how long it waits.
    public let policy: ClientPolicy

    /// What this client remembers of its stakes and its spending.
    public let journal: ClientJournal

    let chain: MarketChain
    let shared: ClientState
    let proxy: HTTPProxy?
    let logger: Logger

    /// Connects to a cluster.
    ///
    /// - Parameters:
    ///   - wallet: Stakes and pays fees. A disposable wallet keeps your others out of sight.
    ///   - cluster: The cluster and its node.
    ///   - market: The deployment of the market program.
    ///   - policy: How much to trust and how long to wait; nil for the defaults, which on ``Cluster/localnet`` allow
    ///     addresses on this machine.
    ///   - journal: Where stakes and spending are written down; nil for the memory of this process. With one on disk a
    ///     client that crashed finds its stakes again, and the day's limit holds across processes.
    ///   - proxy: What the node and the servers are spoken to through, to hide where you are: an HTTP or SOCKS proxy such as
    ///     Tor's. There is no way around it when it fails.
    ///   - tokenCounter: The tokenizer of the models that are asked, if it is at hand: what servers count is then believed up to
    ///     the exact count instead of up to what the bytes can hold.
    ///   - http: Makes the calls to the node when there is no proxy.
    ///   - logger: Gets notes about phases; never prompts, answers or keys.
    /// - Throws: ``ClientError`` when the node can't be reached or there is no market.
    public init(
        wallet: Wallet,
        cluster: Cluster,
        market: Market = .localnet,
        policy: ClientPolicy? = nil,
        journal: ClientJournal? = nil,
        proxy: HTTPProxy? = nil,
        tokenCounter: (any TokenCounter)? = nil,
        http: HTTPClient = .shared,
        logger: Logger = Logger(label: "chainference.client")
    ) async throws {
        self.wallet = wallet
        let policy = policy ?? (cluster.isLoopback ? .localnet : ClientPolicy())
        self.policy = policy
        self.logger = logger
        self.proxy = proxy
        shared = ClientState(seed: policy.explorationSeed, tokenCounter: tokenCounter)
        do {
            self.journal = try journal ?? ClientJournal()
            let http = proxy.map { HTTPClient(configuration: HTTPClient.Configuration(proxy: $0)) } ?? http
            chain = try await .connect(to: cluster, market: market, http: http, logger: logger)
            guard try await chain.marketAccount() != nil else { throw ClientError(.noMarket(program: market.program)) }
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// A copy that pays with another wallet, or trusts and waits differently; it shares journal, node and experience.
    ///
    /// - Parameters:
    ///   - wallet: Stakes and pays fees; nil for the same.
    ///   - policy: How much to trust and how long to wait; nil for the same.
    /// - Returns: The copy.
    public func paying(with wallet: Wallet? = nil, policy: ClientPolicy? = nil) -> InferenceClient {
        InferenceClient(copying: self, wallet: wallet ?? self.wallet, policy: policy ?? self.policy, chain: chain)
    }

    /// Lends a copy that hears of changes on the chain over PubSub, besides asking for them.
    func listening<Result: Sendable>(
        _ body: @escaping @Sendable (InferenceClient) async throws -> Result
    ) async throws -> Result {
        var configuration = chain.rpc.cluster.isLoopback ? PubSubConfiguration.localnet : PubSubConfiguration()
        configuration.proxy = proxy
        return try await PubSubClient.withClient(
            cluster: chain.rpc.cluster,
            configuration: configuration,
            logger: logger
        ) { pubsub in
            try await body(
                InferenceClient(copying: self, wallet: wallet, policy: policy, chain: chain.listening(over: pubsub))
            )
        }
    }

    private init(copying other: InferenceClient, wallet: Wallet, policy: ClientPolicy, chain: MarketChain) {
        self.wallet = wallet
        self.policy = policy
        journal = other.journal
        self.chain = chain
        shared = other.shared
        proxy = other.proxy
        logger = other.logger
    }

    /// Asks one question and gives everything that happens as one sequence.
    ///
    /// The sequence owns the work behind it: it begins with the first element that is asked for, and dropping the sequence
    /// or cancelling the task that reads it cancels the answer and settles for what was received.
    ///
    /// - Parameters:
    ///   - model: The Hugging Face id of the model.
    ///   - messages: The conversation so far.
    ///   - budget: What is staked: the most that the answer can cost besides transaction fees.
    ///   - maximumOutputTokens: The longest answer; nil for as much as the budget pays for.
    /// - Returns: The sequence, which throws ``ClientError`` when there is no complete answer.
    public func chat(
        _ model: ModelID,
        _ messages: [ChatMessage],
        budget: Lamports,
        maximumOutputTokens: Int? = nil
    ) -> ChatEvents {
        ChatEvents { emit in
            let prompt: GenerationRequest
            do {
                prompt = try GenerationRequest(
                    model: model.name,
                    messages: messages,
                    maximumOutputTokens: maximumOutputTokens
                )
            } catch {
                throw ClientError(.malformedPrompt("\(error)"))
            }
            try await withSession(model, budget: budget, for: prompt, onEvent: emit) { session in
                _ = try await session.ask(prompt)
            }
        }
    }
}

/// What happens on the way to one answer; see ``InferenceClient/chat(_:_:budget:maximumOutputTokens:)``.
public struct ChatEvents: AsyncSequence, Sendable {
    /// One step.
    public typealias Element = ClientEvent

    let run: @Sendable (_ emit: @escaping @Sendable (ClientEvent) -> Void) async throws -> Void

    /// Begins the work; each iterator does it anew.
    public func makeAsyncIterator() -> AsyncIterator {
        let (stream, continuation) = AsyncThrowingStream<ClientEvent, any Error>.makeStream()
        // The stream is the scope of this task: it ends before the stream does, and the stream's end cancels it.
        let work = Task {
            do {
                try await run { continuation.yield($0) }
                continuation.finish()
            } catch {
                continuation.finish(throwing: error)
            }
        }
        continuation.onTermination = { termination in
            if case .cancelled = termination { work.cancel() }
        }
        return AsyncIterator(base: stream.makeAsyncIterator())
    }

    /// Reads the events one by one.
    public struct AsyncIterator: AsyncIteratorProtocol {
        var base: AsyncThrowingStream<ClientEvent, any Error>.AsyncIterator

        /// The next event; nil after ``ClientEvent/settled(_:)``.
        public mutating func next() async throws -> ClientEvent? { try await base.next() }
    }
}
