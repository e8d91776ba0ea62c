import ArgumentParser
import ChainferenceKit

/// How a person buys: which way, from which wallet, and what is shown.
struct SessionOptions: ParsableArguments, Sendable {
    @Option(help: "direct goes straight to one server, open lets any server come, automatic does what is possible.")
    var flow = FlowChoice.automatic

    @Option(
        help:
            "Seconds without a first token after which a second server is asked besides; both are paid from the budget."
    )
    var hedge: Double?

    @Option(
        help:
            "The most that the sessions of 24 hours may cost, fees included; what is open counts with its whole stake."
    )
    var dailyLimit: Lamports?

    @Flag(help: "Show what a model thinks aloud before it answers.")
    var reasoning = false

    @Flag(
        help:
            "Pay from a fresh disposable wallet, which --wallet funds if none has money left; see “wallet disposable”."
    )
    var disposable = false

    @OptionGroup var seed: SeedOptions

    func validate() throws {
        guard (hedge ?? 1) > 0 else { throw ValidationError("--hedge must be above 0.") }
    }

    /// Takes the choices into a client's policy.
    func apply(to policy: inout ClientPolicy) {
        policy.flow = flow.preference
        policy.hedgeDelay = hedge.map { .seconds($0) }
        policy.spendLimits.perDay = dailyLimit
    }
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
