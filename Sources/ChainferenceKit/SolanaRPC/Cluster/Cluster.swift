public import Solana

/// A Solana network, and the URLs of a node of it.
///
/// ```swift
/// let devnet = Cluster.devnet
/// let mine = try Cluster(name: "my node", rpcURL: "https://rpc.example.org/?api-key=…")
/// ```
public struct Cluster: Sendable, Hashable {
    /// A name for people.
    public let name: String
    /// The first block's hash, which tells networks apart; nil for networks that are not known beforehand.
    public let genesisHash: Blockhash?
    /// How often the node lets one client ask, if it is known to limit that.
    public let rateLimit: RateLimit?
    /// Where JSON-RPC calls go.
    let rpc: EndpointAddress
    /// Where subscriptions go.
    let webSocket: EndpointAddress

    /// The URL that JSON-RPC calls go to; it may contain an API key.
    public let rpcURL: String
    /// The URL that subscriptions go to; it may contain an API key.
    public let webSocketURL: String

    /// A network at URLs of your own.
    ///
    /// - Parameters:
    ///   - name: a name for people; by default the host.
    ///   - rpcURL: an `https` URL, or `http` for this machine.
    ///   - webSocketURL: a `wss` URL, or `ws` for this machine; by default `rpcURL` with its scheme changed, on the next
    ///     port if `rpcURL` names one (the convention of the Solana command line).
    ///   - genesisHash: if given, ``RPCClient/verifyCluster()`` compares it with the node's.
    ///   - rateLimit: how often the node may be asked; nil for no limit on this side.
    ///   - allowsPlaintext: permits unencrypted connections to other machines. Everything in them, transactions and
    ///     API keys included, can be read and changed under way. The HTTP client has to permit it, too.
    /// - Throws: ``ClusterError`` if a URL is malformed or not encrypted.
    public init(
        name: String? = nil,
        rpcURL: String,
        webSocketURL: String? = nil,
        genesisHash: Blockhash? = nil,
        rateLimit: RateLimit? = nil,
        allowsPlaintext: Bool = false
    ) throws(ClusterError) {
        let rpc = try EndpointAddress(url: rpcURL, schemes: ["https", "http"])
        try rpc.requireEncryption(allowsPlaintext: allowsPlaintext)
        let webSocketURL = webSocketURL ?? Self.webSocketURL(for: rpc)
        let webSocket = try EndpointAddress(url: webSocketURL, schemes: ["wss", "ws"])
        try webSocket.requireEncryption(allowsPlaintext: allowsPlaintext)
        self.name = name ?? rpc.host
        self.rpcURL = rpcURL
        self.webSocketURL = webSocketURL
        self.rpc = rpc
        self.webSocket = webSocket
        self.genesisHash = genesisHash
        self.rateLimit = rateLimit
    }

    private static func webSocketURL(for rpc: EndpointAddress) -> String {
        let scheme = rpc.isSecure ? "wss" : "ws"
        let host = rpc.host.contains(":") ? "[\(rpc.host)]" : rpc.host
        let port = rpc.hasExplicitPort ? ":\(rpc.port + 1)" : ""
        return "\(scheme)://\(host)\(port)\(rpc.target)"
    }
}

extension Cluster {
    /// The network with real money, through the public node, which is rate-limited and not meant for production.
    public static let mainnetBeta = preset(
        "mainnet-beta",
        rpc: "https://api.mainnet-beta.solana.com",
        webSocket: "wss://api.mainnet-beta.solana.com",
        genesis: "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
    )

    /// The network for developers, with worthless tokens that everybody can request.
    public static let devnet = preset(
        "devnet",
        rpc: "https://api.devnet.solana.com",
        webSocket: "wss://api.devnet.solana.com",
        genesis: "EtWTRABZaYq6iMfeYKouRu166VU2xqa1wcaWoxPkrZBG"
    )

    /// The network on which validators try new releases.
    public static let testnet = preset(
        "testnet",
        rpc: "https://api.testnet.solana.com",
        webSocket: "wss://api.testnet.solana.com",
        genesis: "4uhcVJyU9pJkvQyS88uRDiswHXSCkY3zQawwpjk2NsNY"
    )

    /// A node on this machine at the usual ports: 8899 for calls, 8900 for subscriptions.
    public static let localnet = preset("localnet", rpc: "http://127.0.0.1:8899", webSocket: "ws://127.0.0.1:8900")

    private static func preset(_ name: String, rpc: String, webSocket: String, genesis: StaticString? = nil) -> Self {
        do {
            return try Self(
                name: name,
                rpcURL: rpc,
                webSocketURL: webSocket,
                genesisHash: genesis.map { Blockhash(literal: $0) },
                rateLimit: genesis == nil ? nil : .publicNode
            )
        } catch {
            preconditionFailure("the preset \(name) is malformed: \(error)")
        }
    }
}

extension Cluster: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String { "\(name) (\(rpc))" }
}

/// How often a node may be asked.
public struct RateLimit: Sendable, Hashable {
    /// Calls of all methods together in one window.
    public var requests: Int
    /// Calls of any one method in one window.
    public var requestsPerMethod: Int
    /// The window.
    public var window: Duration

    /// Makes a limit; numbers below one count as one.
    public init(requests: Int, requestsPerMethod: Int, window: Duration) {
        self.requests = max(1, requests)
        self.requestsPerMethod = max(1, requestsPerMethod)
        self.window = max(.milliseconds(1), window)
    }

    /// The limits of the public nodes by their documentation: 100 calls in 10 seconds, 40 of one method.
    public static let publicNode = Self(requests: 100, requestsPerMethod: 40, window: .seconds(10))
}

/// Why a cluster's URLs are not usable.
public enum ClusterError: Error, Hashable, Sendable {
    /// Not a URL of the schemes that fit, or one with a user name, a password or a fragment.
    case invalidURL(String, schemes: [String])
    /// The connection would not be encrypted and leaves this machine.
    case plaintextRefused(String)
    /// The node at the URL belongs to another network.
    case wrongNetwork(expected: Blockhash, actual: Blockhash)
}

extension ClusterError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .invalidURL(let url, let schemes):
            "“\(url)” is no node URL; give one such as \(schemes[0])://host:port, without user name and fragment."
        case .plaintextRefused(let address):
            """
            \(address) is not encrypted and not on this machine. Use https and wss, \
            or allow plain text explicitly if the network between is yours.
            """
        case .wrongNetwork(let expected, let actual):
            "The node belongs to another network: its genesis hash is \(actual), not \(expected). Check the URL."
        }
    }
}
