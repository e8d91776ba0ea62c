public import CurlHTTP
import Inference
public import InferenceMarket
import Solana
public import SolanaRPC

/// Examines what a client or a provider needs before it can work, and says what to do about what is wrong.
///
/// ```swift
/// for finding in await Doctor(cluster: .devnet, walletPath: path).examine() { print(finding.status, finding.detail) }
/// ```
///
/// Nothing is spent and nothing is changed: it reads, connects, and listens for a moment on the port of a provider that does
/// not run. One that runs on this machine is recognised by its store, and asked how it is.
public struct Doctor: Sendable {
    let cluster: Cluster
    let market: Market
    let walletPath: String?
    let provider: Provider.Plan?
    let healthURL: String?
    let http: HTTPClient
    let proxy: HTTPProxy?
    let limit: Duration

    /// Prepares an examination.
    ///
    /// - Parameters:
    ///   - cluster: The network and its node.
    ///   - market: The deployment of the market program.
    ///   - walletPath: The wallet's key file; nil for the Solana command line's own.
    ///   - provider: What is sold and by whom; nil to examine what a client needs.
    ///   - healthURL: Where the provider tells its health while it runs, if it does.
    ///   - proxy: What the node is spoken to through, in calls and subscriptions.
    ///   - http: Makes the calls to the node when there is no proxy.
    ///   - limit: How long each check may take.
    public init(
        cluster: Cluster,
        market: Market = .localnet,
        walletPath: String? = nil,
        provider: Provider.Plan? = nil,
        healthURL: String? = nil,
        proxy: HTTPProxy? = nil,
        http: HTTPClient = .shared,
        limit: Duration = .seconds(10)
    ) {
        self.cluster = cluster
        self.market = market
        self.walletPath = walletPath
        self.provider = provider
        self.healthURL = healthURL
        self.proxy = proxy
        self.http = proxy.map { HTTPClient(configuration: .init(proxy: $0)) } ?? http
        self.limit = limit
    }

    /// Makes every check, one after the other.
    ///
    /// - Parameter onFinding: Hears of each finding when it is made.
    /// - Returns: All findings, in the order of the checks.
    @discardableResult
    public func examine(onFinding: @Sendable (Finding) -> Void = { _ in }) async -> [Finding] {
        var findings: [Finding] = []
        func note(_ found: [Finding]) {
            for finding in found {
                findings.append(finding)
                onFinding(finding)
            }
        }
        let chain = ChainExamination(cluster: cluster, market: market, http: http, proxy: proxy, limit: limit)
        note(await chain.findings())
        let isReachable = findings.allSatisfy { $0.subject != .node || $0.status != .failure }
        let examinedWallet = WalletExamination(path: walletPath, isProvider: provider != nil)
        note(await examinedWallet.findings(chain, isReachable: isReachable))
        let wallet = examinedWallet.address
        guard let provider else {
            note([await Self.localEngines()])
            return findings
        }
        let running = wallet.map {
            // A provider on this machine is asked directly, whatever the node is asked through.
            RunningProvider(plan: provider, chain: chain, wallet: $0, healthURL: healthURL, http: .shared)
        }
        let isRunning = running?.isRunning ?? false
        let examination = ProviderExamination(
            plan: provider,
            isLocal: cluster.isLoopback,
            isRunning: isRunning,
            limit: limit
        )
        note(await examination.findings())
        if let running, isReachable { note(await running.findings()) }
        return findings
    }

    /// Looks for model servers on this machine, for somebody who might sell.
    private static func localEngines() async -> Finding {
        let engines = await OpenAICompatibleBackend.probe()
        guard !engines.isEmpty else {
            return Finding(
                .backend,
                .good,
                "no model server runs on this machine, and buying needs none",
                advice: "To sell, start one (Ollama, llama.cpp, vLLM, LM Studio) and name it to the provider."
            )
        }
        let list = engines.map { "\($0.baseURL) with \($0.models.count) model(s)" }.joined(separator: ", ")
        return Finding(.backend, .good, "found \(list)")
    }
}
