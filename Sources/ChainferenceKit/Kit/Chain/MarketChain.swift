import CurlHTTP
import InferenceMarket
import Logging
import Solana
import SolanaRPC

/// The market on one cluster: what client and provider read of it, and how they write to it.
struct MarketChain: Sendable {
    /// An account as a node gave it, decoded.
    struct Found<Account: Sendable>: Sendable {
        let address: Address
        let account: Account
        /// What the account holds, rent and stake included.
        let lamports: Lamports
        /// The slot that the node answered for.
        let slot: UInt64
    }

    let market: Market
    let rpc: RPCClient

    /// Asks for what can wait and may fail: one call at a time, given up at the first trouble, which is no reason for ``rpc`` to
    /// slow down.
    let leisurely: RPCClient
    private(set) var sender: TransactionSender

    /// Names the cluster in every peer handshake.
    let genesisHash: Blockhash

    /// How often a waited-for account is looked at again.
    let pollInterval: Duration

    /// Tells this cluster and program from all others, in what is written down for later.
    var name: String { "\(genesisHash)/\(market.program)" }

    /// Connects: asks the node which cluster it serves, and refuses one that is not what it claims to be.
    ///
    /// - Parameters:
    ///   - market: The deployment.
    ///   - rpc: Asks the node; made with ``errors(of:)`` it names the program's errors.
    ///   - leisurely: Asks it for what can wait; nil for `rpc`.
    ///   - sender: Sends transactions.
    ///   - pollInterval: How often a waited-for account is looked at again.
    /// - Throws: `RPCError`.
    init(
        market: Market,
        rpc: RPCClient,
        leisurely: RPCClient? = nil,
        sender: TransactionSender,
        pollInterval: Duration
    ) async throws {
        self.market = market
        self.rpc = rpc
        self.leisurely = leisurely ?? rpc
        self.sender = sender
        self.pollInterval = pollInterval
        try await rpc.verifyCluster()
        genesisHash = try await rpc.getGenesisHash()
    }

    /// Connects with the patience that suits the cluster: quick on this machine, gentle to public nodes.
    ///
    /// - Parameters:
    ///   - cluster: The cluster and its node.
    ///   - fallbacks: Further nodes, used while the first does not work.
    ///   - market: The deployment.
    ///   - pubsub: Hears of confirmations sooner than asking; it has to be running.
    ///   - http: Makes the calls.
    ///   - logger: Gets notes about retries.
    /// - Returns: The connected chain.
    /// - Throws: `RPCError`.
    static func connect(
        to cluster: Cluster,
        fallbacks: [Cluster] = [],
        market: Market,
        pubsub: PubSubClient? = nil,
        http: HTTPClient = .shared,
        logger: Logger? = nil
    ) async throws -> MarketChain {
        let rpc = RPCClient(
            cluster: cluster,
            fallbacks: fallbacks,
            policy: cluster.isLoopback ? .localnet : RPCPolicy(),
            programErrors: errors(of: market),
            http: http,
            logger: logger
        )
        var leisure = RPCPolicy(deadline: .seconds(10), attemptTimeout: .seconds(10), maximumAttempts: 1)
        leisure.concurrentCalls = 1
        return try await MarketChain(
            market: market,
            rpc: rpc,
            leisurely: RPCClient(cluster: cluster, policy: leisure, http: http),
            sender: TransactionSender(rpc: rpc, pubsub: pubsub, policy: cluster.isLoopback ? .localnet : SendPolicy()),
            pollInterval: .milliseconds(cluster.isLoopback ? 50 : 1_000)
        )
    }

    /// Names the program's errors.
    static func errors(of market: Market) -> ProgramErrorResolver {
        ProgramErrorResolver { program, code in
            program == market.program ? MarketError(customCode: code) : nil
        }
    }
}

// MARK: - Reading

extension MarketChain {
    /// The market's own account; nil when nobody has initialised it.
    func marketAccount() async throws -> MarketAccount? {
        try await found(market.address, as: MarketAccount.init(decoding:))?.account
    }

    /// A wallet's server.
    func server(of owner: Address) async throws -> Found<ServerAccount>? {
        try await server(at: market.server(of: owner))
    }

    /// The server with this account.
    func server(at address: Address) async throws -> Found<ServerAccount>? {
        try await found(address, as: ServerAccount.init(decoding:))
    }

    /// A request.
    func request(at address: Address) async throws -> Found<RequestAccount>? {
        try await found(address, as: RequestAccount.init(decoding:))
    }

    /// Every server of the market; accounts that can't be decoded are passed over.
    func servers() async throws -> [Found<ServerAccount>] {
        try await all(.servers, as: ServerAccount.init(decoding:))
    }

    /// The requests that a query finds; accounts that can't be decoded are passed over.
    func requests(_ query: MarketQuery) async throws -> [Found<RequestAccount>] {
        try await all(query, as: RequestAccount.init(decoding:))
    }

    /// Those of the requests that there are, asked for together.
    func requests(at addresses: [Address]) async throws -> [Found<RequestAccount>] {
        let answer = try await rpc.getMultipleAccounts(addresses)
        return zip(addresses, answer.value).compactMap { address, info in
            guard let info, info.owner == market.program, let account = try? RequestAccount(decoding: info.data)
            else { return nil }
            return Found(address: address, account: account, lamports: info.lamports, slot: answer.slot)
        }
    }

    /// What a wallet holds.
    func balance(of address: Address) async throws -> Lamports {
        try await rpc.getBalance(of: address).value
    }

    /// The rent that a request for this model holds while it exists.
    func rent(forRequestOf model: ModelID) async throws -> Lamports {
        try await rpc.getMinimumBalanceForRentExemption(dataLength: UInt64(RequestAccount.dataLength(for: model)))
    }

    /// What the chain wants to stay in a wallet, worked out of the rent for a request: rent goes by the bytes, and 128 are
    /// added to those of every account.
    func reserve(byRent rent: Lamports, forRequestOf model: ModelID) -> Lamports {
        let overhead: UInt64 = 128
        let bytes = overhead + UInt64(RequestAccount.dataLength(for: model))
        return Lamports(rawValue: UInt64(clamping: UInt128(rent.rawValue) * UInt128(overhead) / UInt128(bytes)))
    }

    /// The cluster's own time, by which deadlines are judged.
    func now() async throws -> UnixTime { try await Self.now(rpc) }

    /// The chain's time, as a node tells it.
    static func now(_ rpc: RPCClient) async throws -> UnixTime {
        guard let clock = try await rpc.getAccountInfo(Sysvar.clock).value, clock.data.count >= 40 else {
            throw MarketChainError.noClock
        }
        let time = clock.data[32..<40].reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return UnixTime(rawValue: Int64(bitPattern: time))
    }

    private func found<Account: Sendable>(
        _ address: Address,
        as decode: ([UInt8]) throws -> Account
    ) async throws -> Found<Account>? {
        let answer = try await rpc.getAccountInfo(address)
        // An address that somebody has sent lamports to is no account of the market.
        guard let info = answer.value, info.owner == market.program else { return nil }
        return Found(
            address: address,
            account: try decode(info.data),
            lamports: info.lamports,
            slot: answer.slot
        )
    }

    private func all<Account: Sendable>(
        _ query: MarketQuery,
        as decode: ([UInt8]) throws -> Account
    ) async throws -> [Found<Account>] {
        let answer = try await rpc.getProgramAccounts(of: market.program, filters: query.filters)
        return answer.value.compactMap { keyed in
            guard let account = try? decode(keyed.account.data) else { return nil }
            return Found(
                address: keyed.address,
                account: account,
                lamports: keyed.account.lamports,
                slot: answer.slot
            )
        }
    }
}

// MARK: - Waiting and writing

extension MarketChain {
    /// Watches a request until `condition` gives something, or the time is up.
    ///
    /// - Parameters:
    ///   - address: The request's account.
    ///   - limit: The longest wait.
    ///   - condition: Is given the request, or nil once there is none any more; gives nil to go on waiting.
    /// - Returns: What `condition` gave; nil when the time was up.
    /// - Throws: What `condition` or the node throws.
    func waitForRequest<Result: Sendable>(
        _ address: Address,
        within limit: Duration,
        until condition: @escaping @Sendable (Found<RequestAccount>?) throws -> Result?
    ) async throws -> Result? {
        let program = market.program
        return try await rpc.waitForAccount(
            address,
            pubsub: sender.pubsub,
            pollInterval: sender.pubsub == nil ? pollInterval : nil,
            deadline: limit
        ) { answer in
            // An address that somebody has sent lamports to is no account of the market.
            guard let info = answer.value, info.owner == program else { return try condition(nil) }
            return try condition(
                Found(
                    address: address,
                    account: try RequestAccount(decoding: info.data),
                    lamports: info.lamports,
                    slot: answer.slot
                )
            )
        }
    }

    /// The same chain, whose changes and confirmations are heard of over PubSub besides being asked for.
    ///
    /// - Parameter pubsub: Has to be running for as long as the copy is used; one that can't connect does no harm.
    /// - Returns: The copy.
    func listening(over pubsub: PubSubClient) -> MarketChain {
        var copy = self
        copy.sender = TransactionSender(rpc: rpc, pubsub: pubsub, policy: sender.policy)
        return copy
    }

    /// Sends market instructions in one transaction that `wallet` pays and signs, and waits until it is confirmed.
    ///
    /// - Parameters:
    ///   - instructions: What to do, all or nothing.
    ///   - wallet: Pays and signs.
    ///   - willSend: Told of every signed transaction before it goes out; if it throws, nothing is sent.
    /// - Returns: The confirmed transaction.
    /// - Throws: `TransactionSendError`.
    func send(
        _ instructions: [Instruction],
        wallet: any Signer,
        willSend: (@Sendable (PendingTransaction) async throws -> Void)? = nil
    ) async throws -> ConfirmedTransaction {
        try await sender.send(instructions, payer: wallet, willSend: willSend)
    }
}

/// What a cluster lacks that the market needs.
enum MarketChainError: Error, CustomStringConvertible {
    case noClock

    var description: String {
        switch self {
        case .noClock: "the node has no clock sysvar: it does not serve a Solana cluster"
        }
    }
}
