import Foundation
public import InferenceMarket
public import Solana

extension ProviderStore {
    /// Where the store of a wallet and a market is when nothing else is said; its folder is made if it is missing.
    ///
    /// - Parameters:
    ///   - wallet: The provider's wallet.
    ///   - market: The deployment of the market program.
    ///   - folder: The state folder; nil for `$XDG_STATE_HOME/chainference`, or `~/.local/state/chainference`.
    /// - Returns: The path of the database file.
    /// - Throws: ``ProviderError/noStateFolder(reason:)``.
    public static func standardPath(
        wallet: Address,
        market: Market,
        folder: String? = nil
    ) throws(ProviderError) -> String {
        try Provider.stateFolder(folder) + "/provider-\(wallet)-\(market.program).sqlite"
    }
}

extension Provider {
    /// The state folder, the configured one or the standard one, which is made if it is missing.
    static func stateFolder(_ chosen: String?) throws(ProviderError) -> String {
        let environment = ProcessInfo.processInfo.environment
        let folder: String
        if let chosen {
            folder = chosen
        } else if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") {
            folder = state + "/chainference"
        } else if let home = environment["HOME"], !home.isEmpty {
            folder = home + "/.local/state/chainference"
        } else {
            throw .noStateFolder(reason: "the environment names neither XDG_STATE_HOME nor HOME")
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .noStateFolder(reason: "\(folder) can't be made (\(error.localizedDescription))")
        }
        return folder
    }
}
