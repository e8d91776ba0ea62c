import ArgumentParser
import ChainferenceKit
import Foundation

/// The seed of the disposable wallets, and how they are funded.
struct SeedOptions: ParsableArguments, Sendable {
    @Option(
        help: "The seed of all disposable wallets, a key file; by default disposable-wallets.json in the state folder.",
        completion: .file()
    )
    var seed: String?

    @Option(
        help: "The longest random wait, in seconds, before a disposable wallet is funded; 0 ties both wallets in time."
    )
    var fundingDelay: UInt = 30

    /// The disposable wallets of the seed, funded by a client's own wallet.
    ///
    /// - Parameters:
    ///   - client: Funds them, and remembers their numbers.
    ///   - note: Is told of a seed that was made.
    /// - Returns: The wallets.
    /// - Throws: Why the seed's file can't be read or made.
    func wallets(fundedBy client: InferenceClient, note: (String) -> Void) throws -> DisposableWallets {
        let path = try path()
        if seed == nil, !FileManager.default.fileExists(atPath: path) {
            try Keypair().write(to: path)
            note(
                "A new seed for disposable wallets is in \(path). Keep a copy: whoever has it has their money, and without "
                    + "it nobody has."
            )
        }
        return DisposableWallets(
            seed: try WalletSeed(contentsOf: path),
            client: client,
            maximumDelay: .seconds(fundingDelay)
        )
    }

    private func path() throws -> String {
        if let seed { return seed }
        let journal = try ClientJournal.standardPath() as NSString
        return journal.deletingLastPathComponent + "/disposable-wallets.json"
    }
}
