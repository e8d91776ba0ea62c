public import ArgumentParser
import ChainferenceKit

/// `chainference models`: what is on offer.
public struct ModelsCommand: AsyncParsableCommand {
    /// The command's name and texts.
    public static let configuration = CommandConfiguration(
        commandName: "models",
        abstract: "List the models that are on offer, with their lowest prices."
    )

    @OptionGroup(title: "Market") var market: NetworkOptions
    @OptionGroup var output: OutputOptions

    /// Made by the argument parser.
    public init() {}

    /// Lists models.
    public func run() async throws {
        let servers = try await market.client().servers()
        output.print(ModelsReport(servers))
    }
}

/// The models of the market.
struct ModelsReport: Report {
    struct Model: Encodable, Hashable {
        let model: String
        let servers: Int
        let lowestOutputPriceLamports: UInt64
        let highestOutputPriceLamports: UInt64
        let lowestInputPriceLamports: UInt64
        let lowestMinimumChargeLamports: UInt64
    }

    let models: [Model]

    init(_ servers: [ServerAccount]) {
        let listings = Dictionary(grouping: servers.flatMap(\.listings), by: \.model)
        models = listings.map { model, listings in
            let outputs = listings.map(\.terms.outputPrice.rawValue)
            return Model(
                model: model.name,
                servers: listings.count,
                lowestOutputPriceLamports: outputs.min() ?? 0,
                highestOutputPriceLamports: outputs.max() ?? 0,
                lowestInputPriceLamports: listings.map(\.terms.inputPrice.rawValue).min() ?? 0,
                lowestMinimumChargeLamports: listings.map(\.terms.minimumCharge.rawValue).min() ?? 0
            )
        }.sorted { $0.model < $1.model }
    }

    var text: String {
        guard !models.isEmpty else { return "Nobody who is alive offers a model here." }
        var table = Table([
            ("MODEL", .left), ("SERVERS", .right), ("OUTPUT FROM", .right), ("TO", .right), ("INPUT FROM", .right),
            ("MINIMUM FROM", .right),
        ])
        for model in models {
            table.add([
                model.model, "\(model.servers)", "\(model.lowestOutputPriceLamports)",
                "\(model.highestOutputPriceLamports)",
                "\(model.lowestInputPriceLamports)", "\(model.lowestMinimumChargeLamports)",
            ])
        }
        return table.text + "\n\nPrices are lamports per million tokens; the minimum is lamports per session."
    }
}
