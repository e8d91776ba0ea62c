import SodiumCrypto

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension Keypair {
    /// Where the Solana tools keep the default key: `.config/solana/id.json` in the home folder.
    ///
    /// `nil` if the environment names no home folder.
    public static var solanaCLIDefaultPath: String? {
        guard let home = getenv("HOME"), home.pointee != 0 else { return nil }
        return String(cString: home) + "/.config/solana/id.json"
    }

    /// Reads a key file of the Solana tools: a JSON array of 64 numbers, seed and public key.
    ///
    /// The text passes through guarded memory alone.
    ///
    /// - Throws: ``KeypairError``.
    public convenience init(contentsOf path: String) throws(KeypairError) {
        let text = try KeyFile.read(path)
        try self.init(secretKey: try KeyFile.parse(text, path: path))
    }

    /// Writes a key file of the Solana tools, which only its owner can read.
    ///
    /// The file appears whole or not at all.
    ///
    /// - Parameters:
    ///   - path: Where to write; the folder must exist.
    ///   - overwrite: Whether a file that is there already may be replaced: that loses its key for good.
    /// - Throws: ``KeypairError/fileExists(path:)`` unless overwriting was asked for, or
    ///   ``KeypairError/fileSystem(operation:path:code:)``.
    public func write(to path: String, overwrite: Bool = false) throws(KeypairError) {
        try KeyFile.write(KeyFile.text(of: secretKey), to: path, overwrite: overwrite)
    }
}
