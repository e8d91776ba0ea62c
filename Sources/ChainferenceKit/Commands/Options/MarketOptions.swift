import ArgumentParser
import ChainferenceKit

/// Which market, with whose money, through which proxy, and where what must not be forgotten is written down.
struct MarketOptions: ParsableArguments, Sendable {
    @OptionGroup var network: NetworkOptions

    @Option(
        help: "The file that remembers stakes and spending; by default client.sqlite in this user's state folder.",
        completion: .file()
    )
    var journal: String?

    /// A client of that market and wallet.
    ///
    /// - Parameters:
    ///   - pays: Whether the wallet is needed; without that one that is not named may be missing.
    ///   - change: Makes other choices than the defaults.
    /// - Returns: The client, connected.
    /// - Throws: What is wrong with an option, or why the market can't be reached.
    func client(
        pays: Bool = true,
        change: (inout ClientPolicy) -> Void = { _ in }
    ) async throws -> InferenceClient {
        try await network.client(
            pays: pays,
            journal: ClientJournal(path: journal ?? ClientJournal.standardPath()),
            change: change
        )
    }
}
