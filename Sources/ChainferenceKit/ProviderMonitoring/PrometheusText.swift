public import ChainferenceKit
import InferenceMarket

/// A provider's numbers in Prometheus' text format, version 0.0.4.
///
/// https://prometheus.io/docs/instrumenting/exposition_formats/
public struct PrometheusText: Hashable, Sendable {
    /// The format, for the `Content-Type` of an answer.
    public static let contentType = "text/plain; version=0.0.4; charset=utf-8"

    /// The text.
    public private(set) var text = ""

    /// Writes down what a provider is doing.
    public init(_ status: ProviderStatus) {
        let counts = status.counts
        family("up", .gauge, "Whether the provider takes requests.", status.phase == .serving ? 1 : 0)
        family("draining", .gauge, "Whether the provider finishes what runs and takes nothing new.") {
            [([], status.phase == .draining ? 1 : 0)]
        }
        family("uptime_seconds", .gauge, "Since when the provider runs.", Int(status.uptime.components.seconds))
        family("slots", .gauge, "How many requests may be locked or served at a time.", status.slots)
        family("slots_occupied", .gauge, "How many of the slots are taken.", status.occupiedSlots)
        family("locks_unsettled", .gauge, "Locks that are not settled yet.", status.unsettledLocks)
        family("sessions", .gauge, "Open sessions.", status.sessions)
        family("clients_waiting", .gauge, "Clients that wait for their direct request.", status.waitingClients)
        family("backend_up", .gauge, "Whether a backend may be given work.") {
            status.backends.map { ([("backend", $0.name.rawValue)], $0.isServing ? 1 : 0) }
        }
        if let contact = status.sinceChainContact {
            let seconds = Int(contact.components.seconds)
            family("chain_contact_age_seconds", .gauge, "How long ago the chain was read.", seconds)
        }
        family("locks_total", .counter, "Requests that were locked here.", counts.locks)
        family("lock_failures_total", .counter, "Lock attempts that came to nothing.", counts.failedLocks)
        family("releases_total", .counter, "Locks that were given back.", counts.releases)
        family("refusals_total", .counter, "Clients that were turned away after the handshake.", counts.refusals)
        family("prompt_failures_total", .counter, "Prompts that could not be answered.", counts.failures)
        family(
            "settlement_failures_total",
            .counter,
            "Settlements that did not land at once.",
            counts.settlementFailures
        )
        family("chain_troubles_total", .counter, "Times that the cluster could not be asked.", counts.chainTroubles)
        family("backend_troubles_total", .counter, "Times that a backend failed.", counts.backendTroubles)
        family("reloads_total", .counter, "Plans that took the place of another.", counts.reloads)
        family("transaction_fees_lamports_total", .counter, "What the chain took for transactions.") {
            [([], counts.transactionFees.rawValue)]
        }
        let models = counts.models.sorted { $0.key.name < $1.key.name }
        family("answers_total", .counter, "Answers that ended, by model and the word for their end.") {
            models.flatMap { model, counts in
                counts.answers.sorted { $0.key < $1.key }.map {
                    ([("model", model.name), ("reason", $0.key)], UInt64($0.value))
                }
            }
        }
        family("input_tokens_total", .counter, "Tokens of the prompts that were answered.") {
            models.map { ([("model", $0.key.name)], $0.value.inputTokens) }
        }
        family("output_tokens_total", .counter, "Tokens of the answers.") {
            models.map { ([("model", $0.key.name)], $0.value.outputTokens) }
        }
        family("claims_total", .counter, "Claims that landed.") {
            models.map { ([("model", $0.key.name)], UInt64($0.value.claims)) }
        }
        family("charged_lamports_total", .counter, "What claims charged.") {
            models.map { ([("model", $0.key.name)], $0.value.charged.rawValue) }
        }
    }

    private enum Kind: String {
        case gauge
        case counter
    }

    private typealias Sample = (labels: [(String, String)], value: UInt64)

    private mutating func family(_ name: String, _ kind: Kind, _ help: String, _ value: Int) {
        family(name, kind, help) { [([], UInt64(max(0, value)))] }
    }

    private mutating func family(_ name: String, _ kind: Kind, _ help: String, _ samples: () -> [Sample]) {
        text += "# HELP chainference_provider_\(name) \(help)\n# TYPE chainference_provider_\(name) \(kind.rawValue)\n"
        for sample in samples() {
            let labels = sample.labels.map { "\($0)=\"\(Self.escaped($1))\"" }.joined(separator: ",")
            text += "chainference_provider_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(sample.value)\n"
        }
    }

    /// Model ids and engines' words come from elsewhere.
    static func escaped(_ label: String) -> String {
        var text = ""
        for character in label.unicodeScalars {
            switch character {
            case "\\": text += "\\\\"
            case "\"": text += "\\\""
            case "\n": text += "\\n"
            default: text.unicodeScalars.append(character)
            }
        }
        return text
    }
}
