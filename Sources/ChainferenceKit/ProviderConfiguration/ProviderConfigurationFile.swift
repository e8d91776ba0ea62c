public import ChainferenceKit
import Foundation
import InferenceMarket
public import Logging
import PeerChannel
import Solana
import SolanaRPC
import Yams

/// A provider's configuration file, read and checked.
///
/// The file is YAML; `Documentation/provider.md` describes every setting. It is refused as a whole when anything in it is
/// wrong, with the line and column of each problem. Reading it touches nothing but the file and the key files that it
/// names.
public struct ProviderConfigurationFile: Sendable {
    /// The largest file that is read, in bytes.
    public static let maximumSize = 1 << 20

    /// The file.
    public let path: String

    /// The network, and the preferred node of it.
    public let cluster: Cluster

    /// Further nodes, used while the preferred one does not work.
    public let fallbacks: [Cluster]

    /// The deployment of the market program.
    public let market: Market

    /// The wallet's key file; nil for the Solana command line's own.
    public let walletPath: String?

    /// What is sold, who answers, and the limits.
    public let plan: Provider.Plan

    /// Where health and metrics are served; nil for nowhere.
    public let monitoring: MonitoringEndpoint?

    /// How much is logged.
    public let logLevel: Logger.Level

    /// An address to serve health and metrics at.
    public struct MonitoringEndpoint: Hashable, Sendable {
        /// The address of the interface; loopback unless the file says otherwise.
        public var host: String
        /// The TCP port.
        public var port: Int
    }

    /// Reads a file.
    ///
    /// - Throws: ``ProviderConfigurationError``.
    public init(contentsOf path: String) throws(ProviderConfigurationError) {
        func refusal(_ text: String) -> ProviderConfigurationError {
            ProviderConfigurationError(path: path, problems: [.init(line: nil, column: nil, text: text)])
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw refusal("The file can't be read. Check its name and its permissions.")
        }
        guard data.count <= Self.maximumSize else {
            throw refusal("The file is larger than \(Self.maximumSize) bytes. Is it the right one?")
        }
        guard let text = String(validating: data, as: UTF8.self) else { throw refusal("The file is not UTF-8 text.") }
        try self.init(parsing: text, path: path)
    }

    /// Reads the text of a file.
    ///
    /// - Parameters:
    ///   - text: The YAML.
    ///   - path: Names the file in errors; relative paths in it start from its folder.
    ///   - environment: Where `api-key-variable` is looked up; nil for this process's own.
    /// - Throws: ``ProviderConfigurationError``.
    public init(
        parsing text: String,
        path: String,
        environment: [String: String]? = nil
    ) throws(ProviderConfigurationError) {
        let problems = ProblemList()
        let root = Self.root(of: text, problems)
        let folder = (path as NSString).deletingLastPathComponent
        let reading = ConfigurationReading(
            root: root,
            folder: folder,
            environment: environment ?? ProcessInfo.processInfo.environment
        )
        self.path = path
        let nodes = reading.nodes()
        cluster = nodes.first ?? .localnet
        fallbacks = Array(nodes.dropFirst())
        market = reading.market(isLocal: cluster.isLoopback)
        walletPath = root.value("wallet", "the path of a key file") { reading.path($0) }
        monitoring = root.value("monitoring", "a port, or host:port", ConfigurationValue.endpoint).map {
            MonitoringEndpoint(host: $0.host ?? "127.0.0.1", port: Int($0.port))
        }
        logLevel =
            root.value("log-level", "one of trace, debug, info, notice, warning, error") {
                Logger.Level(rawValue: $0)
            } ?? .notice
        let configuration = reading.configuration(isLocal: cluster.isLoopback)
        let backends = reading.backends()
        let offers = reading.offers(backends: backends.map(\.name), limits: configuration.limits)
        plan = Provider.Plan(
            offers: offers,
            backends: Dictionary(backends.map { ($0.name, $0.backend) }) { first, _ in first },
            configuration: configuration
        )
        root.finish()
        guard problems.problems.isEmpty else {
            throw ProviderConfigurationError(
                path: path,
                problems: problems.problems.sorted { ($0.line ?? 0, $0.column ?? 0) < ($1.line ?? 0, $1.column ?? 0) }
            )
        }
    }

    private static func root(of text: String, _ problems: ProblemList) -> ConfigurationSection {
        do {
            let node = try Parser(yaml: text, encoding: .utf8).singleRoot()
            guard let node else {
                problems.add("The file is empty. Name at least a backend and a model; see the documentation.", at: nil)
                return ConfigurationSection(empty: problems)
            }
            return ConfigurationSection(node, "The file", problems) ?? ConfigurationSection(empty: problems)
        } catch let error as YamlError {
            let problem = error.problem(in: text)
            problems.add("This is not YAML: \(problem.text).", line: problem.line, column: problem.column)
        } catch {
            problems.add("This is not YAML.", at: nil)
        }
        return ConfigurationSection(empty: problems)
    }

    /// What this provider has earned and spent; it may be running meanwhile.
    ///
    /// - Throws: ``StoreError`` when there is no store yet, or what is wrong with the wallet's file.
    public func earnings() async throws -> EarningsReport {
        let path = try ProviderStore.standardPath(
            wallet: wallet().address,
            market: market,
            folder: plan.configuration.stateFolder
        )
        return try await ProviderStore(reading: path).earnings()
    }

    /// The wallet that the file names.
    ///
    /// - Throws: `WalletError` or `KeypairError`.
    public func wallet() throws -> Wallet {
        if let walletPath { return try .file(walletPath) }
        return try .solanaCLIDefault()
    }
}

extension YamlError {
    fileprivate func problem(in text: String) -> (text: String, line: Int?, column: Int?) {
        switch self {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            return (problem, mark.line, mark.column)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let (key, mark) = (duplicates.first ?? "", context.mark)
            return ("“\(key)” appears twice", Self.secondLine(of: key, in: text, from: mark) ?? mark.line, mark.column)
        case .reader(let problem, _, _, _): return (problem, nil, nil)
        default: return ("\(self)", nil, nil)
        }
    }

    /// Where a key stands for the second time; the parser names only the mapping.
    private static func secondLine(of key: String, in text: String, from mark: Mark) -> Int? {
        let prefix = String(repeating: " ", count: mark.column - 1) + key + ":"
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
        return lines.filter { $0.offset >= mark.line - 1 && $0.element.hasPrefix(prefix) }.dropFirst().first.map {
            $0.offset + 1
        }
    }
}
