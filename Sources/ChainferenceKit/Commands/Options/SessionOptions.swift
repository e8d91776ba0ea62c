import ArgumentParser
import ChainferenceKit

/// How a person buys: which way, from which wallet, and what is shown.
struct SessionOptions: ParsableArguments, Sendable {
    @Option(help: "direct goes straight to one server, open lets any server come, automatic does what is possible.")
    var flow = FlowChoice.automatic

    @Flag(help: "Show what a model thinks aloud before it answers.")
    var reasoning = false

    @Flag(
        help:
            "Pay from a fresh disposable wallet, which --wallet funds if none has money left; see “wallet disposable”."
    )
    var disposable = false

    @OptionGroup var seed: SeedOptions
}

/// How a request reaches a server.
enum FlowChoice: String, ExpressibleByArgument, CaseIterable {
    case automatic
    case direct
    case open

    var preference: FlowPreference {
        switch self {
        case .automatic: .automatic
        case .direct: .only(.direct)
        case .open: .only(.open)
        }
    }
}
