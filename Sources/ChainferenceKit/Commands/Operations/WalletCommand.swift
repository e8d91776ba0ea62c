public import ArgumentParser
import ChainferenceKit

/// `chainference wallet`: keys and their money.
public struct WalletCommand: AsyncParsableCommand {
    /// The command's name, texts and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "wallet",
        abstract: "Show a wallet, make one, ask a test cluster for money, or look after disposable wallets.",
        subcommands: [Show.self, New.self, Airdrop.self, Disposable.self],
        defaultSubcommand: Show.self
    )

    /// Made by the argument parser.
    public init() {}
}

/// A wallet's address and money.
struct WalletReport: Report {
    let address: String
    let balanceLamports: UInt64?
    let keyFile: String?

    var text: String {
        var lines = ["address  \(address)"]
        if let balanceLamports {
            let balance = Lamports.lamports(balanceLamports)
            lines.append("balance  \(balance) (\(balance.sol) SOL)")
        }
        if let keyFile { lines.append("key file \(keyFile)") }
        return lines.joined(separator: "\n")
    }
}

extension WalletCommand {
    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Show the wallet's address and balance.")

        @OptionGroup(title: "Market") var market: NetworkOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let wallet = try market.place.resolvedWallet()
            let rpc = try market.rpc()
            let balance = try await rpc.getBalance(of: wallet.address).value
            output.print(
                WalletReport(
                    address: "\(wallet.address)",
                    balanceLamports: balance.rawValue,
                    keyFile: try market.place.walletPath() ?? Keypair.solanaCLIDefaultPath
                )
            )
        }
    }

    struct New: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new key and write it to a file that only you can read.",
            discussion: "Whoever has the file has the money, and without it nobody has. There is no other copy."
        )

        @Argument(help: "The file to write; it must not exist.", completion: .file())
        var path: String

        @OptionGroup var output: OutputOptions

        func run() throws {
            let keypair = Keypair()
            try keypair.write(to: path)
            output.print(WalletReport(address: "\(keypair.address)", balanceLamports: nil, keyFile: path))
        }
    }

    struct Airdrop: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Ask a local cluster, devnet or testnet for worthless money."
        )

        @Argument(help: "How much: lamports, or SOL as in 1sol.")
        var amount: Lamports

        @OptionGroup(title: "Market") var market: NetworkOptions
        @OptionGroup var output: OutputOptions

        func run() async throws {
            let wallet = try market.place.resolvedWallet()
            let rpc = try market.rpc()
            try await rpc.airdrop(amount, to: wallet.address)
            let balance = try await rpc.getBalance(of: wallet.address).value
            output.print(
                WalletReport(
                    address: "\(wallet.address)",
                    balanceLamports: balance.rawValue,
                    keyFile: try market.place.walletPath() ?? Keypair.solanaCLIDefaultPath
                )
            )
        }
    }
}
