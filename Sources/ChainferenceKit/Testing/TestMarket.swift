public import ChainferenceKit
public import LocalCluster

/// A whole market in the process of a test: a cluster with the program, wallets with money, sellers that live as long as
/// the test wants, and buyers.
///
/// ```swift
/// try await TestMarket.with { market in
///     let seller = try market.seller()
///     try await market.running(seller) {
///         let client = try await market.client(market.wallet())
///         try await client.withSession("test/scripted", budget: 1_000_000) { try await $0.ask(market.prompt()) }
///         #expect(try await seller.claimed() > 0)
///     }
/// }
/// ```
///
/// The cluster's slots take 20 ms and traffic is shaped with a tick of 10 ms, so that an answer with its settlement takes
/// well under a second. Nothing leaves the machine, and nothing stays: the cluster and the stores are in memory.
public struct TestMarket: Sendable {
    /// The cluster: balances, airdrops, faults.
    public let cluster: LocalCluster

    /// The cluster's address, for clients and providers of one's own.
    public let endpoint: Cluster

    /// The price per million tokens, of input and of output, unless a test asks for another.
    public static let price = PricePerMillionTokens.lamports(100_000_000)

    /// Runs a market for the duration of a test.
    ///
    /// - Parameters:
    ///   - configuration: The cluster's.
    ///   - body: The test; everything ends with it.
    /// - Throws: What `body` throws, or why the cluster could not start.
    public static func with(
        _ configuration: LocalCluster.Configuration = .testing(),
        _ body: @Sendable (TestMarket) async throws -> Void
    ) async throws {
        try await LocalCluster.withRunning(configuration) { cluster in
            let endpoint = try Cluster(rpcURL: cluster.rpcURL, webSocketURL: cluster.webSocketURL)
            try await body(TestMarket(cluster: cluster, endpoint: endpoint))
        }
    }

    /// A new wallet with money.
    public func wallet(_ lamports: Lamports = 1_000_000_000) throws -> Keypair {
        let wallet = Keypair()
        try cluster.airdrop(lamports, to: wallet.address)
        return wallet
    }

    /// Runs sellers while `body` runs, and kills them then, as a crash would.
    ///
    /// - Parameters:
    ///   - sellers: Who sells; all are registered when `body` begins.
    ///   - body: What happens meanwhile.
    /// - Returns: What `body` returns.
    /// - Throws: What `body` throws, or what ended a seller.
    public func running<Result: Sendable>(
        _ sellers: any TestSeller...,
        body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        try await withThrowingTaskGroup(of: Result?.self) { group in
            for seller in sellers {
                group.addTask {
                    try await seller.provider.run()
                    return nil
                }
            }
            group.addTask {
                for seller in sellers { try await seller.registered() }
                return try await body()
            }
            defer { group.cancelAll() }
            // A provider never ends by itself here; the first to end is the body, or whoever failed.
            guard let result = try await group.next() ?? nil else { throw CancellationError() }
            return result
        }
    }

    /// A client that does not wait long.
    ///
    /// - Parameters:
    ///   - wallet: Stakes and pays.
    ///   - change: Makes other choices.
    /// - Returns: The client.
    /// - Throws: ``ClientError`` when the cluster does not answer.
    public func client(
        _ wallet: Keypair,
        change: (inout ClientPolicy) -> Void = { _ in }
    ) async throws -> InferenceClient {
        var policy = ClientPolicy.localnet
        policy.lockDeadline = .seconds(20)
        policy.claimDeadline = .seconds(20)
        change(&policy)
        return try await InferenceClient(wallet: .keypair(wallet), cluster: endpoint, policy: policy)
    }

    /// A prompt for the scripted model.
    public func prompt(_ text: String = "Say something.") throws -> GenerationRequest {
        try GenerationRequest(model: ScriptedBackend.model, messages: [.user(text)])
    }
}
