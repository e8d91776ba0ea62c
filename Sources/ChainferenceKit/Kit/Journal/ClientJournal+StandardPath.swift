import Foundation

extension ClientJournal {
    /// Where a person's journal is when nothing else is said; its folder is made if it is missing.
    ///
    /// - Parameter folder: The state folder; nil for `$XDG_STATE_HOME/chainference`, and without that variable
    ///   `~/Library/Application Support/chainference` on a Mac and `~/.local/state/chainference` elsewhere.
    /// - Returns: The path of the database file, `client.sqlite` in the folder.
    /// - Throws: ``StoreError/cannotOpen(path:reason:)``.
    public static func standardPath(folder: String? = nil) throws(StoreError) -> String {
        guard let folder = folder ?? standardFolder else {
            throw .cannotOpen(
                path: "client.sqlite",
                reason: "the environment names neither XDG_STATE_HOME nor HOME"
            )
        }
        do {
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true,
                attributes: [.posixPermissions: 0o700]
            )
        } catch {
            throw .cannotOpen(path: folder, reason: "the folder can't be made (\(error.localizedDescription))")
        }
        return folder + "/client.sqlite"
    }

    /// The state folder of this user.
    private static var standardFolder: String? {
        let environment = ProcessInfo.processInfo.environment
        if let state = environment["XDG_STATE_HOME"], state.hasPrefix("/") { return state + "/chainference" }
        guard let home = environment["HOME"], !home.isEmpty else { return nil }
        #if os(macOS)
            return home + "/Library/Application Support/chainference"
        #else
            return home + "/.local/state/chainference"
        #endif
    }
}
