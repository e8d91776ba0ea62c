public import ArgumentParser
public import ChainferenceKit

/// Which cluster, which deployment of the program, whose wallet: what every program of the market has to know.
public struct ClusterOptions: ParsableArguments, Sendable {
    /// The cluster as it is named on the command line.
    @Option(
        name: [.short, .long],
        help: "localnet, devnet, testnet, mainnet-beta, the URL of a node, or “config” for what the Solana CLI uses.",
        completion: .list(["localnet", "devnet", "testnet", "mainnet-beta", "config"])
    )
    public var cluster = "localnet"

    /// The program's address as it is named on the command line.
    @Option(help: "The market program's address; by default the local cluster's.")
    public var program: String?

    /// The key file that is named on the command line.
    @Option(
        name: [.short, .long],
        help: "The wallet's key file, as the Solana CLI writes it. By default the CLI's own.",
        completion: .file()
    )
    public var wallet: String?

    /// Made by the argument parser.
    public init() {}

    /// Refuses names that can't be right.
    public func validate() throws {
        _ = try market()
        guard cluster != "config" else { return }
        do {
            _ = try resolvedCluster()
        } catch {
            throw ValidationError(
                "--cluster: “\(cluster)” is neither localnet, devnet, testnet, mainnet-beta nor config, nor the URL of a node "
                    + "such as https://host:port."
            )
        }
    }

    /// The cluster that is named.
    ///
    /// - Throws: What is wrong with the name, or with the Solana CLI's configuration.
    public func resolvedCluster() throws -> Cluster {
        guard cluster == "config" else { return try Cluster(urlOrMoniker: cluster) }
        return try SolanaCLIConfiguration.load().cluster
    }

    /// The market that is named.
    ///
    /// - Throws: What is wrong with the address.
    public func market() throws -> Market {
        guard let program else { return .localnet }
        do {
            return Market(program: try Address(base58: program))
        } catch {
            throw ValidationError("--program: “\(program)” is no address (\(error)).")
        }
    }

    /// The key file that is named; nil for the Solana CLI's default.
    ///
    /// - Throws: What is wrong with the Solana CLI's configuration.
    public func walletPath() throws -> String? {
        if let wallet { return wallet }
        return cluster == "config" ? try SolanaCLIConfiguration.load().keypairPath : nil
    }

    /// The wallet that is named.
    ///
    /// - Throws: Why its file can't be used.
    public func resolvedWallet() throws -> Wallet {
        do {
            return try walletPath().map { try .file($0) } ?? .solanaCLIDefault()
        } catch let error as KeypairError {
            throw WalletFileError(error: error)
        }
    }
}

/// A key file that can't be used, and what to do.
struct WalletFileError: Error, CustomStringConvertible {
    let error: KeypairError

    var description: String {
        "\(error). Name a key file with --wallet; “chainference wallet new FILE” makes one."
    }
}
