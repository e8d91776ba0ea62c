import InferenceMarket
import Logging
import Solana

extension ProviderEvent {
    /// What happened, in one word, for software that reads logs.
    var name: String {
        switch self {
        case .listening: "listening"
        case .registered: "registered"
        case .offering: "offering"
        case .left: "left"
        case .locked: "locked"
        case .lockFailed: "lock-failed"
        case .connected: "connected"
        case .refused: "refused"
        case .accepted: "accepted"
        case .awaitingVoucher: "awaiting-voucher"
        case .vouched: "vouched"
        case .answered: "answered"
        case .failed: "failed"
        case .claimed: "claimed"
        case .released: "released"
        case .abandoned: "abandoned"
        case .settlementFailed: "settlement-failed"
        case .backendTrouble: "backend-trouble"
        case .chainTrouble: "chain-trouble"
        case .reloaded: "reloaded"
        case .draining: "draining"
        }
    }

    /// The facts of ``description``, one by one and as text, for software: `event` says what happened in one word.
    public var facts: [String: String] { metadata.mapValues { "\($0)" } }

    /// The same facts as in ``description``, one by one.
    var metadata: Logger.Metadata {
        var fields: Logger.Metadata = ["event": "\(name)"]
        switch self {
        case .listening(let address): fields["address"] = "\(address)"
        case .registered(let server): fields["server"] = "\(server)"
        case .offering(let model, let terms, let breakEven, let direct):
            fields["model"] = "\(model)"
            fields["output_price"] = "\(terms.outputPrice.rawValue)"
            fields["input_price"] = "\(terms.inputPrice.rawValue)"
            fields["minimum_charge"] = "\(terms.minimumCharge.rawValue)"
            if let breakEven { fields["break_even_tokens"] = "\(breakEven)" }
            if let direct { fields["direct_break_even_tokens"] = "\(direct)" }
        case .left(let request, let reason), .lockFailed(let request, let reason), .refused(let request, let reason),
            .failed(let request, let reason), .settlementFailed(let request, let reason):
            fields["request"] = "\(request)"
            fields["reason"] = "\(reason)"
        case .locked(let request, _, let deadline):
            fields["request"] = "\(request)"
            fields["deadline"] = "\(deadline.rawValue)"
        case .connected(let request), .released(let request), .abandoned(let request):
            fields["request"] = "\(request)"
        case .accepted(let request, let tokens):
            fields["request"] = "\(request)"
            fields["input_tokens"] = "\(tokens)"
        case .awaitingVoucher(let request, let amount), .vouched(let request, let amount):
            fields["request"] = "\(request)"
            fields["lamports"] = "\(amount.rawValue)"
        case .answered(let request, let usage, let reason):
            fields["request"] = "\(request)"
            fields["input_tokens"] = "\(usage.input)"
            fields["output_tokens"] = "\(usage.output)"
            fields["reason"] = "\(reason.rawValue)"
        case .claimed(let request, let charge, let signature):
            fields["request"] = "\(request)"
            fields["lamports"] = "\(charge.rawValue)"
            if let signature { fields["signature"] = "\(signature)" }
        case .backendTrouble(let backend, let reason):
            fields["backend"] = "\(backend)"
            fields["reason"] = "\(reason)"
        case .chainTrouble(let reason): fields["reason"] = "\(reason)"
        case .reloaded(let transactions): fields["transactions"] = "\(transactions)"
        case .draining: break
        }
        return fields
    }

    /// The request that it is about, if it is about one.
    var request: Address? {
        switch self {
        case .left(let request, _), .lockFailed(let request, _), .refused(let request, _), .failed(let request, _),
            .settlementFailed(let request, _), .locked(let request, _, _), .connected(let request),
            .released(let request), .abandoned(let request), .accepted(let request, _),
            .awaitingVoucher(let request, _), .vouched(let request, _), .answered(let request, _, _),
            .claimed(let request, _, _):
            request
        case .listening, .registered, .offering, .backendTrouble, .chainTrouble, .reloaded, .draining: nil
        }
    }
}
