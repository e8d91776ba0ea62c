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
/// Nothing is spent and nothing is changed: it reads, connects, and listens on the provider's port for a moment.
public struct Doctor: Sendable {
    let cluster: Cluster
    let market: Market
    let walletPath: String?
    let provider: Provider.Plan?
    let http: HTTPClient
    let limit: Duration

    /// Prepares an examination.
    ///
    /// - Parameters:
    ///   - cluster: The network and its node.
    ///   - market: The deployment of the market program.
    ///   - walletPath: The wallet's key file; nil for the Solana command line's own.
    ///   - provider: What is sold and by whom; nil to examine what a client needs.
    ///   - http: Makes the calls to the node.
    ///   - limit: How long each check may take.
    public init(
        cluster: Cluster,
        market: Market = .localnet,
        walletPath: String? = nil,
        provider: Provider.Plan? = nil,
        http: HTTPClient = .shared,
        limit: Duration = .seconds(10)
    ) {
        self.cluster = cluster
        self.market = market
        self.walletPath = walletPath
        self.provider = provider
        self.http = http
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
        let chain = ChainExamination(cluster: cluster, market: market, http: http, limit: limit)
        note(await chain.findings())
        let isReachable = findings.allSatisfy { $0.subject != .node || $0.status != .failure }
        note(
            await WalletExamination(path: walletPath, isProvider: provider != nil).findings(
                chain,
                isReachable: isReachable
            )
        )
        if let provider {
            note(await ProviderExamination(plan: provider, isLocal: cluster.isLoopback, limit: limit).findings())
        } else {
            note([await Self.localEngines()])
        }
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
