public import InferenceMarket
public import Solana

/// What a provider does, for those who watch it; never a prompt, an answer or a key.
public enum ProviderEvent: Hashable, Sendable {
    /// The peer channel listens, and clients will be sent here.
    case listening(address: String)
    /// The server account and its listings are on the chain.
    case registered(server: Address)
    /// A model is on sale.
    ///
    /// A session pays for the provider's own transactions from `breakEven` output tokens on, or from `directBreakEven` when
    /// its request names the provider; nil when no length does.
    case offering(ModelID, terms: Terms, breakEven: UInt64?, directBreakEven: UInt64?)
    /// An open request was left alone.
    case left(request: Address, reason: String)
    /// A request was locked.
    case locked(request: Address, terms: Terms, deadline: UnixTime)
    /// A lock attempt failed; another server may have been faster.
    case lockFailed(request: Address, reason: String)
    /// A client has proved that it is the request's.
    case connected(request: Address)
    /// A client was turned away after the handshake.
    case refused(request: Address, reason: String)
    /// A prompt was taken.
    case accepted(request: Address, inputTokens: UInt64)
    /// The answer waits for a voucher of at least this much.
    case awaitingVoucher(request: Address, atLeast: Lamports)
    /// A voucher was written down.
    case vouched(request: Address, cumulative: Lamports)
    /// An answer ended.
    case answered(request: Address, usage: TokenCount, reason: FinishReason)
    /// An answer could not be given.
    case failed(request: Address, reason: String)
    /// A claim has landed.
    case claimed(request: Address, charge: Lamports, signature: Signature?)
    /// A lock was given back.
    case released(request: Address)
    /// A direct request that nothing came of was left to its client.
    case abandoned(request: Address)
    /// A claim or a release did not land; it is tried again until the deadline.
    case settlementFailed(request: Address, reason: String)
    /// The backend failed or could not be asked; nothing new is locked until it is back.
    case backendTrouble(Provider.BackendName, reason: String)
    /// The cluster could not be asked; it is tried again.
    case chainTrouble(reason: String)
    /// Another plan holds from now on; so many transactions brought the listings in step with it.
    case reloaded(transactions: Int)
    /// No new locks from now on; what runs is finished and claimed.
    case draining
}

extension ProviderEvent: CustomStringConvertible {
    /// One line for a log.
    public var description: String {
        switch self {
        case .listening(let address): "listening at \(address)"
        case .registered(let server): "registered as \(server)"
        case .offering(let model, let terms, let breakEven, let direct):
            "offering \(model): \(terms); a session pays from \(Self.tokens(breakEven)) on, a direct one from "
                + "\(Self.tokens(direct)) on"
        case .left(let request, let reason): "left \(request): \(reason)"
        case .locked(let request, let terms, let deadline): "locked \(request) until \(deadline): \(terms)"
        case .lockFailed(let request, let reason): "could not lock \(request): \(reason)"
        case .connected(let request): "client of \(request) connected"
        case .refused(let request, let reason): "refused the client of \(request): \(reason)"
        case .accepted(let request, let tokens): "accepted a prompt of \(tokens) tokens for \(request)"
        case .awaitingVoucher(let request, let amount): "waiting for a voucher of \(amount) for \(request)"
        case .vouched(let request, let amount): "\(amount) vouched for \(request)"
        case .answered(let request, let usage, let reason):
            "answered \(request): \(usage.input) tokens in, \(usage.output) out, \(reason)"
        case .failed(let request, let reason): "could not answer \(request): \(reason)"
        case .claimed(let request, let charge, _): "claimed \(charge) for \(request)"
        case .released(let request): "released \(request)"
        case .abandoned(let request): "left \(request) to its client: nothing was asked, and nothing is due"
        case .settlementFailed(let request, let reason): "settling \(request) failed: \(reason)"
        case .backendTrouble(let name, let reason): "trouble with the backend “\(name)”: \(reason)"
        case .chainTrouble(let reason): "trouble with the cluster: \(reason)"
        case .reloaded(let count):
            "reloaded; the listings changed in \(count) \(count == 1 ? "transaction" : "transactions")"
        case .draining: "draining: no new locks"
        }
    }

    private static func tokens(_ count: UInt64?) -> String {
        switch count {
        case nil: "no number of tokens"
        case 0?: "the first token"
        case let count?: "\(count) output tokens"
        }
    }
}
