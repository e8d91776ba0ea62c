import ArgumentParser
import ChainferenceKit

extension WalletCommand {
    /// `chainference wallet disposable`: wallets that are used once, all from one seed.
    struct Disposable: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract:
                "Wallets that are used once, so that the chain does not show that several sessions are one person's.",
            discussion: """
                All follow from one seed, which is all that has to be kept; they are numbered, and no number is used twice. \
                “chainference ask --disposable” takes, funds and retires them by itself. What is left of one goes to the \
                next, which the chain shows; “chainference privacy --disposable” says who learns what.
                """,
            subcommands: [List.self, New.self, Fund.self, Sweep.self, Recover.self],
            defaultSubcommand: List.self
        )
    }
}

/// One disposable wallet and its money.
struct DisposableReport: Report {
    let number: UInt32
    let address: String
    let balanceLamports: UInt64

    init(_ wallet: DisposableWallets.Disposable, _ balance: Lamports) {
        number = wallet.index
        address = "\(wallet.address)"
        balanceLamports = balance.rawValue
    }

    var text: String { "disposable \(number), \(address), holds \(balanceLamports) lamports" }
}

/// All disposable wallets that are in use.
struct DisposablesReport: Report {
    let wallets: [DisposableReport]

    var text: String {
        guard !wallets.isEmpty else { return "No disposable wallet is in use." }
        var table = Table([("NUMBER", .right), ("ADDRESS", .left), ("LAMPORTS", .right)])
        for wallet in wallets { table.add(["\(wallet.number)", wallet.address, "\(wallet.balanceLamports)"]) }
        return table.text
    }
}

/// What was brought home from disposable wallets, and where their money went.
struct DisposableSweepReport: Report {
    struct Wallet: Encodable {
        let number: UInt32
        let address: String
        let swept: SweepSummary
        let sentLamports: UInt64
    }

    let wallets: [Wallet]

    var text: String {
        guard !wallets.isEmpty else { return "No disposable wallet is in use." }
        return wallets.map { wallet in
            let sent = wallet.sentLamports > 0 ? "\nsent \(wallet.sentLamports) lamports away" : ""
            return "disposable \(wallet.number), \(wallet.address)\n\(wallet.swept.text)\(sent)"
        }.joined(separator: "\n\n")
    }
}

extension WalletCommand.Disposable {
    /// What every one of these commands is told.
    struct Options: ParsableArguments {
        @OptionGroup var seed: SeedOptions
        @OptionGroup(title: "Market") var market: MarketOptions
        @OptionGroup var output: OutputOptions

        /// The disposable wallets; `fund` says whether the wallet that funds them is needed.
        func wallets(fund: Bool = false) async throws -> DisposableWallets {
            try seed.wallets(fundedBy: await market.client(pays: fund)) { Console.error($0) }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "List those in use, with what they hold.")

        @OptionGroup var options: Options

        func run() async throws {
            let wallets = try await options.wallets()
            var reports: [DisposableReport] = []
            for wallet in try await wallets.inUse() {
                reports.append(DisposableReport(wallet, try await wallets.balance(of: wallet)))
            }
            options.output.print(DisposablesReport(wallets: reports))
        }
    }

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give out the next one, without money: to be funded from where nobody knows you."
        )

        @OptionGroup var options: Options

        func run() async throws {
            options.output.print(DisposableReport(try await options.wallets().next(), .zero))
        }
    }

    struct Fund: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Give out the next one and fund it from --wallet, which the chain shows.",
            discussion: """
                It gets a round amount, 1, 2 or 5 times a power of ten, of at least what is asked for and at least a \
                thousandth of a SOL, after a random wait.
                """
        )

        @Argument(help: "What it must hold at least: lamports, or SOL as in 0.01sol.")
        var amount: Lamports

        @OptionGroup var options: Options

        func run() async throws {
            let wallets = try await options.wallets(fund: true)
            let wallet = try await wallets.next(holding: amount) { plan in
                Console.error("\(plan.amount.sol) SOL go out in \(plan.delay.components.seconds) s.")
            }
            options.output.print(DisposableReport(wallet, try await wallets.balance(of: wallet)))
        }
    }

    struct Sweep: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Bring home what is due to those in use, and with --to send all their money to one address.",
            discussion: """
                Without --to each wallet keeps what is its own. --to ties them all together, and to that address, for \
                everybody and for ever; they are not used again.
                """
        )

        @Option(help: "Where all their money goes.")
        var to: String?

        @OptionGroup var options: Options

        func validate() throws {
            do {
                _ = try to.map { try Address(base58: $0) }
            } catch {
                throw ValidationError("--to: \(error)")
            }
        }

        func run() async throws {
            let wallets = try await options.wallets()
            let target = try to.map { try Address(base58: $0) }
            var swept: [DisposableSweepReport.Wallet] = []
            for wallet in try await wallets.inUse() {
                let report = try await wallet.client.sweep()
                let sent = if let target { try await wallets.empty(wallet, to: target) } else { Lamports?.none }
                swept.append(
                    .init(
                        number: wallet.index,
                        address: "\(wallet.address)",
                        swept: SweepSummary(report),
                        sentLamports: sent?.rawValue ?? 0
                    )
                )
            }
            options.output.print(DisposableSweepReport(wallets: swept))
        }
    }

    struct Recover: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Find those of a seed that another machine, or a lost journal, has given out."
        )

        @OptionGroup var options: Options

        func run() async throws {
            let wallets = try await options.wallets()
            let count = try await wallets.recover()
            var reports: [DisposableReport] = []
            for wallet in try await wallets.inUse() where wallet.index < count {
                let balance = try await wallets.balance(of: wallet)
                if balance > .zero { reports.append(DisposableReport(wallet, balance)) }
            }
            options.output.print(DisposablesReport(wallets: reports))
        }
    }
}
