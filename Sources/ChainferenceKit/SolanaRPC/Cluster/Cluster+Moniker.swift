extension Cluster {
    /// Whether the node is on this machine.
    public var isLoopback: Bool { rpc.isLoopback }

    /// Reads what people type: `localnet`, `devnet`, `testnet`, `mainnet-beta` or their first letters, or a node's URL.
    ///
    /// These are the monikers of the Solana command line. The public nodes' URLs give the presets. For another URL PubSub is expected on the next port, or on the same
    /// one if the URL names none.
    ///
    /// - Throws: ``ClusterError`` when it is neither.
    public init(urlOrMoniker text: String) throws(ClusterError) {
        switch text {
        case "l", "localnet", "localhost", Self.localnet.rpcURL, "http://localhost:8899": self = .localnet
        case "d", "devnet", Self.devnet.rpcURL: self = .devnet
        case "t", "testnet", Self.testnet.rpcURL: self = .testnet
        case "m", "mainnet-beta", "mainnet", Self.mainnetBeta.rpcURL: self = .mainnetBeta
        default: try self.init(rpcURL: text)
        }
    }
}
