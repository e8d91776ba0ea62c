public import ArgumentParser
import ChainferenceKit

/// `chainference servers`: who offers what, and with which record.
public struct ServersCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "servers",
        abstract: "List the servers that are alive, with their prices and records."
    )

    @Option(name: [.short, .long], help: "Only servers of this model, cheapest first.")
    var model: String?

    @OptionGroup(title: "Market") var market: NetworkOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Lists servers.
    public func run() async throws {
        let client = try await market.client()
        let model = try model.map { try ModelID(validating: $0) }
        output.print(ServersReport(try await client.servers(), model: model))
    }
}

/// The servers of the market, a row for each listing.
struct ServersReport: Report {
    struct Listing: Encodable {
        let model: String
        let outputPriceLamports: UInt64
        let inputPriceLamports: UInt64
        let minimumChargeLamports: UInt64
    }

    struct Server: Encodable {
        let server: String
        let peerAddress: String
        let heartbeatAt: Int64
        let registeredAt: Int64
        let openLocks: UInt64
        let completed: UInt64
        let failed: UInt64
        let flagged: UInt64
        let compared: UInt64
        let preferred: UInt64
        let earnedLamports: UInt64
        let successLowerBound: Double
        let listings: [Listing]
    }

    let servers: [Server]

    init(_ accounts: [ServerAccount], model: ModelID? = nil) {
        func cheapest(_ account: ServerAccount) -> UInt64 {
            account.listings.filter { model == nil || $0.model == model }.map(\.terms.outputPrice.rawValue).min()
                ?? .max
        }
        servers = accounts.sorted { (cheapest($0), $0.owner) < (cheapest($1), $1.owner) }.compactMap { account in
            let listings = account.listings.filter { model == nil || $0.model == model }
            guard !listings.isEmpty else { return nil }
            return Server(
                server: "\(account.owner)",
                peerAddress: account.peerAddress,
                heartbeatAt: account.heartbeatAt.rawValue,
                registeredAt: account.registeredAt.rawValue,
                openLocks: account.openLocks,
                completed: account.reputation.completed,
                failed: account.reputation.failed,
                flagged: account.reputation.flagged,
                compared: account.reputation.compared,
                preferred: account.reputation.preferred,
                earnedLamports: account.earned.rawValue,
                successLowerBound: account.reputation.successLowerBound(),
                listings: listings.map {
                    Listing(
                        model: $0.model.name,
                        outputPriceLamports: $0.terms.outputPrice.rawValue,
                        inputPriceLamports: $0.terms.inputPrice.rawValue,
                        minimumChargeLamports: $0.terms.minimumCharge.rawValue
                    )
                }
            )
        }
    }

    var text: String {
        guard !servers.isEmpty else { return "Nobody who is alive offers that here." }
        var table = Table([
            ("SERVER", .left), ("MODEL", .left), ("OUTPUT", .right), ("INPUT", .right), ("MINIMUM", .right),
            ("DONE", .right),
            ("FAILED", .right), ("FLAGGED", .right), ("PREFERRED", .right), ("SUCCESS ≥", .right),
        ])
        for server in servers {
            for listing in server.listings {
                table.add([
                    server.server, listing.model, "\(listing.outputPriceLamports)", "\(listing.inputPriceLamports)",
                    "\(listing.minimumChargeLamports)", "\(server.completed)", "\(server.failed)", "\(server.flagged)",
                    "\(server.preferred)/\(server.compared)", "\(Int(server.successLowerBound * 100)) %",
                ])
            }
        }
        return table.text + """


            Prices are lamports per million tokens. “Success ≥” is the lower end of a 95 % Wilson interval: 0 % says that \
            nothing is known yet. A server can deal with itself to buy a record; compare prices and try for yourself.
            """
    }
}
