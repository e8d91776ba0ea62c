public import ArgumentParser
import ChainferenceKit
import ProviderConfiguration

/// `chainference provider`: sells answers, by a configuration file.
public struct ProviderCommand: AsyncParsableCommand {
    /// The command's name, texts and subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "provider",
        abstract: "Sell answers of the models that a configuration file names.",
        discussion: """
            Documentation/provider.md describes the file. “chainference doctor --config FILE” examines what it needs.
            """,
        subcommands: [Run.self, Check.self, Earnings.self]
    )

    /// Made by the argument parser.
    public init() {}
}

extension ProviderCommand {
    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Sell until it is stopped.",
            discussion: """
                SIGHUP reads the file again; a file with a mistake changes nothing. SIGINT and SIGTERM drain: no new locks, \
                running answers finish, claims go out; a second one ends at once. Killed in any other way, it claims at the \
                next start what it has vouchers for.
                """
        )

        @Argument(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            let output = output
            let configured = try ConfiguredProvider(
                path: file,
                onEvent: { output.print(ProviderEventReport($0)) },
                onReload: {
                    if case .refused(let error) = $0 {
                        output.print(NoteReport("not-reloaded", "not reloaded: \(error)"))
                    }
                },
                onMonitoring: { output.print(NoteReport("monitoring", "monitoring at port \($0)")) }
            )
            try await configured.runUntilStopped()
        }
    }

    struct Check: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Read the file and say what is wrong in it, with line and column."
        )

        @Argument(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        @OptionGroup var output: OutputOptions

        func run() throws {
            output.print(PlanReport(try ProviderConfigurationFile(contentsOf: file).plan))
        }
    }

    struct Earnings: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what was earned and spent, from the provider's own books."
        )

        @Argument(help: "The configuration file.", completion: .file(extensions: ["yaml", "yml"]))
        var file: String

        @OptionGroup var output: OutputOptions

        func run() async throws {
            output.print(try await ProviderConfigurationFile(contentsOf: file).earnings())
        }
    }
}

/// Something that a provider has done: a sentence, or its facts one by one.
struct ProviderEventReport: Report {
    private let facts: [String: String]
    let text: String

    init(_ event: ProviderEvent) {
        facts = event.facts
        text = "\(event)"
    }

    func encode(to encoder: any Encoder) throws { try facts.encode(to: encoder) }
}

/// Something that happened around a provider.
struct NoteReport: Report {
    let event: String
    let text: String

    init(_ event: String, _ text: String) {
        self.event = event
        self.text = text
    }
}

extension EarningsReport: Report {
    var text: String { description }
}

/// What a provider would sell.
struct PlanReport: Report {
    struct Offer: Encodable {
        let model: String
        let backend: String
        let outputPriceLamports: UInt64
        let inputPriceLamports: UInt64
        let minimumChargeLamports: UInt64
    }

    let backends: Int
    let offers: [Offer]

    init(_ plan: Provider.Plan) {
        backends = plan.backends.count
        offers = plan.offers.map {
            Offer(
                model: $0.model.name,
                backend: $0.backend.rawValue,
                outputPriceLamports: $0.terms.outputPrice.rawValue,
                inputPriceLamports: $0.terms.inputPrice.rawValue,
                minimumChargeLamports: $0.terms.minimumCharge.rawValue
            )
        }
    }

    var text: String {
        var table = Table([
            ("MODEL", .left), ("BACKEND", .left), ("OUTPUT", .right), ("INPUT", .right), ("MINIMUM", .right),
        ])
        for offer in offers {
            table.add([
                offer.model, offer.backend, "\(offer.outputPriceLamports)", "\(offer.inputPriceLamports)",
                "\(offer.minimumChargeLamports)",
            ])
        }
        return "The file is fine.\n\n" + table.text
    }
}
