import ArgumentParser
import ChainferenceKit
import CurlHTTP

/// Which market, with whose money, through which proxy, and where what must not be forgotten is written down.
struct MarketOptions: ParsableArguments, Sendable {
    @OptionGroup var place: ClusterOptions

    @Option(help: "A proxy for every connection: “tor”, or http://, socks5:// or socks5h:// with host and port.")
    var proxy: String?

    @Option(
        help: "The file that remembers stakes and spending; by default client.sqlite in this user's state folder.",
        completion: .file()
    )
    var journal: String?

    /// A client of that market and wallet.
    ///
    /// - Parameters:
    ///   - pays: Whether the wallet is needed; without that one that is not named may be missing.
    ///   - remembers: Whether there is something to remember; without that no file is opened.
    ///   - flow: How requests reach a server.
    /// - Returns: The client, connected.
    /// - Throws: What is wrong with an option, or why the market can't be reached.
    func client(
        pays: Bool = true,
        remembers: Bool = true,
        flow: FlowPreference = .automatic
    ) async throws -> InferenceClient {
        let cluster = try place.resolvedCluster()
        var policy = cluster.isLoopback ? ClientPolicy.localnet : ClientPolicy()
        policy.flow = flow
        let wallet = try !pays && place.wallet == nil ? .keypair(Keypair()) : place.resolvedWallet()
        return try await InferenceClient(
            wallet: wallet,
            cluster: cluster,
            market: place.market(),
            policy: policy,
            journal: remembers ? ClientJournal(path: journal ?? ClientJournal.standardPath()) : nil,
            proxy: resolvedProxy()
        )
    }

    /// What calls to the node are made with.
    func http() throws -> HTTPClient {
        try resolvedProxy().map { HTTPClient(configuration: .init(proxy: $0)) } ?? .shared
    }

    private func resolvedProxy() throws -> HTTPProxy? {
        try proxy.map { try HTTPProxy(url: $0) }
    }
}
