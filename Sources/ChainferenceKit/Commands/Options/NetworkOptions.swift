import ArgumentParser
import ChainferenceKit
import CurlHTTP

/// Which cluster and wallet, and through which proxy: what a command has to know that only looks.
struct NetworkOptions: ParsableArguments, Sendable {
    @OptionGroup var place: ClusterOptions

    @Option(help: "A proxy for every connection: “tor”, or http://, socks5:// or socks5h:// with host and port.")
    var proxy: String?

    func validate() throws {
        do {
            _ = try resolvedProxy()
        } catch {
            throw ValidationError("--proxy: \(error)")
        }
    }

    /// A client of that market and wallet.
    ///
    /// - Parameters:
    ///   - pays: Whether the wallet is needed; without that one that is not named may be missing.
    ///   - journal: Where stakes are written down; nil for nowhere.
    ///   - change: Makes other choices than the defaults.
    /// - Returns: The client, connected.
    /// - Throws: What is wrong with an option, or why the market can't be reached.
    func client(
        pays: Bool = false,
        journal: ClientJournal? = nil,
        change: (inout ClientPolicy) -> Void = { _ in }
    ) async throws -> InferenceClient {
        let cluster = try place.resolvedCluster()
        var policy = cluster.isLoopback ? ClientPolicy.localnet : ClientPolicy()
        change(&policy)
        let wallet = try !pays && place.wallet == nil ? .keypair(Keypair()) : place.resolvedWallet()
        return try await InferenceClient(
            wallet: wallet,
            cluster: cluster,
            market: place.market(),
            policy: policy,
            journal: journal,
            proxy: resolvedProxy()
        )
    }

    /// Calls to the node, through the proxy if there is one.
    func rpc() throws -> RPCClient {
        let http = try resolvedProxy().map { HTTPClient(configuration: .init(proxy: $0)) } ?? .shared
        return try RPCClient(cluster: place.resolvedCluster(), http: http)
    }

    /// The proxy that is named.
    func resolvedProxy() throws -> HTTPProxy? {
        try proxy.map { try HTTPProxy(url: $0) }
    }
}
