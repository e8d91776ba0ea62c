extension Cluster {
    /// Whether the node is on this machine.
    public var isLoopback: Bool { rpc.isLoopback }

    /// Reads what people type: `localnet`, `devnet`, `testnet`, `mainnet-beta` or their first letters, or a node's URL.
    ///
    /// These are the monikers of the Solana command line. For a URL PubSub is expected on the next port, or on the same
    /// one if the URL names none.
    ///
    /// - Throws: ``ClusterError`` when it is neither.
    public init(urlOrMoniker text: String) throws(ClusterError) {
        switch text {
        case "l", "localnet", "localhost": self = .localnet
        case "d", "devnet": self = .devnet
        case "t", "testnet": self = .testnet
        case "m", "mainnet-beta", "mainnet": self = .mainnetBeta
        default: try self.init(rpcURL: text)
        }
    }
}
