import Foundation
import Solana

extension Provider {
    /// The file of this wallet and market in the state folder, which is made if it is missing.
    func storePath() throws(ProviderError) -> String {
        try Self.stateFolder(plan.configuration) + "/provider-\(wallet.address)-\(market.program).sqlite"
    }

    /// The state folder, which is made if it is missing.
    static func stateFolder(_ configuration: Configuration) throws(ProviderError) -> String {
        let environment = ProcessInfo.processInfo.environment
        let folder: String
        if let chosen = configuration.stateFolder {
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
