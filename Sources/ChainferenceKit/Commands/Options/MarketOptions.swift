import ArgumentParser
import ChainferenceKit
import CurlHTTP

/// Which market, and with whose money.
struct MarketOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: "localnet, devnet, testnet, mainnet-beta, the URL of a node, or “config” for what the Solana CLI uses.",
        completion: .list(["localnet", "devnet", "testnet", "mainnet-beta", "config"])
    )
    var cluster = "localnet"

    @Option(help: "The market program's address; by default the local cluster's.")
    var program: String?

    @Option(
        name: [.short, .long],
        help: "The wallet's key file, as the Solana CLI writes it. By default the CLI's own.",
        completion: .file()
    )
    var wallet: String?

    @Option(help: "A proxy for every connection: http://, socks5:// or socks5h:// with host and port.")
    var proxy: String?

    /// The cluster that is named.
    func resolvedCluster() throws -> Cluster {
        guard cluster == "config" else { return try Cluster(urlOrMoniker: cluster) }
        return try SolanaCLIConfiguration.load().cluster
    }

    /// The market that is named.
    func market() throws -> Market {
        try program.map { Market(program: try Address(base58: $0)) } ?? .localnet
    }

    /// The key file that is named; nil for the Solana CLI's default.
    func walletPath() throws -> String? {
        if let wallet { return wallet }
        return cluster == "config" ? try SolanaCLIConfiguration.load().keypairPath : nil
    }

    /// The wallet that is named.
    func resolvedWallet() throws -> Wallet {
        try walletPath().map { try .file($0) } ?? .solanaCLIDefault()
    }

    /// A client of that market and wallet.
    ///
    /// - Parameters:
    ///   - anonymous: Whether a wallet that is not named may be missing, because nothing will be paid.
    ///   - flow: How requests reach a server.
    /// - Returns: The client, connected.
    /// - Throws: What is wrong with an option, or why the market can't be reached.
    func client(anonymous: Bool = false, flow: FlowPreference = .automatic) async throws -> InferenceClient {
        let cluster = try resolvedCluster()
        var policy = cluster.isLoopback ? ClientPolicy.localnet : ClientPolicy()
        policy.flow = flow
        let wallet = try anonymous && self.wallet == nil ? .keypair(Keypair()) : resolvedWallet()
        return try await InferenceClient(
            wallet: wallet,
            cluster: cluster,
            market: market(),
            policy: policy,
            proxy: proxy.map { try HTTPProxy(url: $0) }
        )
    }

    /// What calls to the node are made with.
    func http() throws -> HTTPClient {
        guard let proxy else { return .shared }
        return HTTPClient(configuration: .init(proxy: try HTTPProxy(url: proxy)))
    }
}
