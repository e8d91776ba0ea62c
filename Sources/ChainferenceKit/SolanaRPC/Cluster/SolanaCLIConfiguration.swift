public import Solana

#if canImport(FoundationEssentials)
    import FoundationEssentials
#else
    import Foundation
#endif

/// What the Solana command line is configured to use: `solana config get`.
///
/// ```swift
/// let configuration = try SolanaCLIConfiguration.load()
/// let rpc = RPCClient(cluster: configuration.cluster, commitment: configuration.commitment)
/// let wallet = try Keypair(contentsOf: configuration.keypairPath)
/// ```
public struct SolanaCLIConfiguration: Sendable, Hashable {
    /// The network, by the configured URLs.
    public let cluster: Cluster
    /// The path of the key file, or what else the command line takes as a signer, such as `usb://ledger`.
    public let keypairPath: String
    /// The commitment.
    public let commitment: Commitment

    /// Where the command line keeps its configuration: `~/.config/solana/cli/config.yml`.
    public static var defaultPath: String { "\(home)/.config/solana/cli/config.yml" }

    /// Where the command line keeps its key unless told otherwise: `~/.config/solana/id.json`.
    public static var defaultKeypairPath: String { "\(home)/.config/solana/id.json" }

    private static var home: String { ProcessInfo.processInfo.environment["HOME"] ?? "." }

    /// Reads the configuration file.
    ///
    /// Unlike the command line, which then takes the network with real money, a missing file is an error.
    ///
    /// - Parameter path: where the file is.
    /// - Throws: ``SolanaCLIConfigurationError``.
    /// - Returns: what `body` returns.
    public static func load(path: String = defaultPath) throws(SolanaCLIConfigurationError) -> Self {
        // Far more than any such file has.
        let limit = 1 << 16
        guard let file = FileManager.default.contents(atPath: path) else { throw .unreadable(path: path) }
        guard file.count <= limit, let text = String(validating: file, as: UTF8.self) else {
            throw .unreadable(path: path)
        }
        return try Self(parsing: text)
    }

    /// Reads the text of a configuration file.
    ///
    /// The file is YAML, of which this reads what the command line writes: one plain or quoted value a line. Nested
    /// entries, such as address labels, are passed over.
    ///
    /// - Throws: ``SolanaCLIConfigurationError``, with the line at fault.
    public init(parsing text: String) throws(SolanaCLIConfigurationError) {
        var values: [String: (value: String, line: Int)] = [:]
        for (index, line) in text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline).enumerated() {
            guard let entry = try ConfigurationLine(line, number: index + 1) else { continue }
            guard values.updateValue((entry.value, index + 1), forKey: entry.key) == nil else {
                throw .invalidLine(index + 1, reason: "“\(entry.key)” is there twice")
            }
        }
        guard let url = values["json_rpc_url"], !url.value.isEmpty else {
            throw .missing("json_rpc_url")
        }
        let webSocketURL = values["websocket_url"].flatMap { $0.value.isEmpty ? nil : $0.value }
        do {
            cluster =
                if let webSocketURL {
                    try Cluster(rpcURL: url.value, webSocketURL: webSocketURL)
                } else {
                    try Cluster(urlOrMoniker: url.value)
                }
        } catch {
            throw .invalidLine(url.line, reason: "\(error)")
        }
        keypairPath = values["keypair_path"]?.value ?? Self.defaultKeypairPath
        if let entry = values["commitment"], !entry.value.isEmpty {
            guard let commitment = Commitment(rawValue: entry.value) else {
                throw .invalidLine(entry.line, reason: "the commitment is processed, confirmed or finalized")
            }
            self.commitment = commitment
        } else {
            commitment = .confirmed
        }
    }
}

/// One `key: value` at the outermost level.
private struct ConfigurationLine {
    let key: String
    let value: String

    /// Nil for lines without an entry.
    init?(_ line: Substring, number: Int) throws(SolanaCLIConfigurationError) {
        guard let first = line.first, first != "#", first != " ", first != "\t", line != "---", line != "..." else {
            return nil
        }
        guard let colon = line.firstIndex(of: ":") else {
            throw .invalidLine(number, reason: "there is no “key: value”")
        }
        key = String(line[..<colon])
        let rest = line[line.index(after: colon)...].drop { $0 == " " }
        if let quote = rest.first, quote == "'" || quote == "\"" {
            guard let end = rest.dropFirst().firstIndex(of: quote),
                rest[rest.index(after: end)...].allSatisfy({ $0 == " " })
            else { throw .invalidLine(number, reason: "the quotes do not match") }
            value = String(rest[rest.index(after: rest.startIndex)..<end])
        } else {
            // A comment begins with a blank and a #; a # inside of a URL is none.
            let end = rest.firstRange(of: " #")?.lowerBound ?? rest.endIndex
            var plain = rest[..<end]
            while plain.last == " " { plain.removeLast() }
            value = String(plain)
        }
    }
}

/// Why the command line's configuration is not usable.
public enum SolanaCLIConfigurationError: Error, Hashable, Sendable {
    /// There is no such file, or it is no text.
    case unreadable(path: String)
    /// A line is not understood.
    case invalidLine(Int, reason: String)
    /// An entry is missing.
    case missing(String)
}

extension SolanaCLIConfigurationError: CustomStringConvertible {
    /// What is wrong, and what to do.
    public var description: String {
        switch self {
        case .unreadable(let path):
            "There is no configuration at \(path). Make one with “solana config set --url devnet”, or name a cluster."
        case .invalidLine(let line, let reason):
            "Line \(line) of the Solana configuration: \(reason)."
        case .missing(let key):
            "The Solana configuration has no “\(key)”. Set it with “solana config set --url devnet”."
        }
    }
}
