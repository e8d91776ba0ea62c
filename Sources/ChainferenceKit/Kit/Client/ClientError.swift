import Foundation
public import InferenceMarket
public import PeerChannel
public import Solana

/// Why there is no (complete) answer: what happened, what it cost, what to do.
public struct ClientError: Error, Sendable {
    /// What happened.
    public enum Reason: Sendable {
        /// Nobody offers this model.
        case unknownModel(ModelID, offered: [ModelID])
        /// Servers offer the model, but none meets the criteria or answers heartbeats.
        case noSuitableServer(ModelID, offering: Int)
        /// The budget would not pay for the prompt and one token.
        case budgetTooSmall(budget: Lamports, needed: Lamports)
        /// The wallet holds less than stake, rent and fees.
        case insufficientFunds(wallet: Address, balance: Lamports, needed: Lamports)
        /// The prompt is longer than the policy or the protocol allows.
        case promptTooLong(bytes: Int, limit: Int)
        /// The request is not what it should be, for example not JSON with messages.
        case malformedPrompt(String)
        /// The market was not initialised on this cluster, or the program is another.
        case noMarket(program: Address)
        /// No server locked in time; the request was cancelled.
        case notLocked(within: Duration)
        /// A server locked with a peer address that can't or mustn't be dialled.
        case unusablePeerAddress(String, reason: String)
        /// The server that locked can't be reached.
        case unreachable(server: Address, peerAddress: String, cause: any Error)
        /// The server would not take the request or the prompt, and said why.
        case refused(server: Address, PeerErrorMessage)
        /// The server broke off, stalled or sent what it must not.
        case interrupted(server: Address, cause: any Error)
        /// The server's counts are not believable.
        case implausibleCount(reported: UInt64, plausible: UInt64, what: String)
        /// The chain does not let this server take the request: it is not alive, or its listing has changed.
        case serverUnfit(server: Address, cause: any Error)
        /// What is promised to servers already leaves too little of the budget to go on.
        case budgetUsedUp(promised: Lamports, needed: Lamports)
        /// A limit of this client's own forbids it.
        case spendLimit(SpendLimits.Kind, limit: Lamports, needed: Lamports)
        /// The chain, or the way to it, failed.
        case chain(any Error)
    }

    /// What happened.
    public let reason: Reason

    /// What is certain about the money.
    public let cost: Cost

    /// What a failure cost so far.
    public enum Cost: Hashable, Sendable {
        /// Nothing, not even a fee.
        case nothing
        /// Transaction fees only; the stake came back.
        case feesOnly(Lamports)
        /// The server charged for what it had delivered; the rest came back.
        case charged(Lamports, fees: Lamports)
        /// Up to this much can still be charged; the rest comes back with ``InferenceClient/sweep()`` after that time.
        case atMost(Lamports, returnsAfter: UnixTime?)
    }

    /// Adopts a reason and what is certain about the money.
    public init(_ reason: Reason, cost: Cost = .nothing) {
        self.reason = reason
        self.cost = cost
    }
}

extension ClientError {
    /// The error itself if it is one already; else the chain's.
    static func wrapping(_ error: any Error) -> ClientError {
        error as? ClientError ?? ClientError(.chain(error))
    }
}

extension ClientError: CustomStringConvertible {
    /// What happened, what it cost, what to do.
    public var description: String { "\(reason) \(cost)" }
}

extension ClientError.Cost: CustomStringConvertible {
    /// One sentence.
    public var description: String {
        switch self {
        case .nothing: "Nothing was spent."
        case .feesOnly(let fees): "The stake came back; transaction fees of \(fees) were spent."
        case .charged(let charge, let fees):
            "\(charge) were charged for what had been delivered, and transaction fees of \(fees) spent; the rest came back."
        case .atMost(let amount, .some(let time)):
            "At most \(amount) can still be charged; the rest is free after \(time.utc): sweep the wallet then."
        case .atMost(let amount, nil):
            "At most \(amount) can still be charged; sweep the wallet to bring the rest home."
        }
    }
}

extension UnixTime {
    /// The time in UTC, for people: `2026-11-23 07:05:33 UTC`.
    var utc: String {
        let style = Date.ISO8601FormatStyle(dateTimeSeparator: .space).year().month().day().time(
            includingFractionalSeconds: false
        )
        return Date(timeIntervalSince1970: Double(rawValue)).formatted(style) + " UTC"
    }
}

extension ClientError.Reason {
    /// Whether a server has said that it does not go on.
    var isRefusal: Bool {
        switch self {
        case .refused: true
        case .interrupted(_, let cause):
            if case PeerError.server? = cause as? PeerError { true } else { false }
        default: false
        }
    }

    /// A cause as a sentence of its own; most say already what to do, and end with a full stop.
    private func sentence(_ cause: any Error) -> String {
        let text = "\(cause)"
        return text.last.map { ".!?".contains($0) } ?? true ? text : text + "."
    }
}

extension ClientError.Reason: CustomStringConvertible {
    /// One or two sentences, the last of which says what to do.
    public var description: String {
        switch self {
        case .unknownModel(let model, let offered):
            offered.isEmpty
                ? "No server offers \(model), or any model, on this market. Start a provider, or choose another cluster."
                : "No server offers \(model). Offered are: \(offered.map(\.description).joined(separator: ", "))."
        case .noSuitableServer(let model, let offering):
            "\(offering) server(s) list \(model), but none is alive and meets the criteria. Relax the criteria, or try "
                + "again later."
        case .budgetTooSmall(let budget, let needed):
            "A budget of \(budget) doesn't pay for the prompt and one token. Raise it to \(needed) or more."
        case .insufficientFunds(let wallet, let balance, let needed):
            "The wallet \(wallet) holds \(balance), but stake, rent, fees and what must stay in it take \(needed). Fund the "
                + "wallet or lower the budget."
        case .promptTooLong(let bytes, let limit):
            "The prompt has \(bytes) bytes; the limit is \(limit). Shorten it."
        case .malformedPrompt(let problem):
            "The prompt can't be sent: \(problem)."
        case .noMarket(let program):
            "There is no market at the program \(program) on this cluster. Check the cluster and the program's address."
        case .notLocked(let within):
            "No server locked the request within \(within). Raise the budget or the tolerance, or try again later."
        case .unusablePeerAddress(let address, let problem):
            "The server's peer address can't be used: \(problem) (\(address)). Try again: another server may lock."
        case .unreachable(let server, let address, let cause):
            "The server \(server) can't be reached at \(address): \(sentence(cause))"
        case .refused(let server, let message): "The server \(server) refused. \(message)"
        case .interrupted(let server, let cause):
            "The server \(server) did not finish the answer: \(sentence(cause)) What came so far is yours; ask again for the rest."
        case .implausibleCount(let reported, let plausible, let what):
            "The server counts \(reported) \(what), but what was sent holds \(plausible) at most. The session was ended; "
                + "nothing was promised for the difference."
        case .serverUnfit(let server, let cause):
            "The chain does not let the server \(server) take the request: \(sentence(cause)) Try again: another server "
                + "may be let."
        case .budgetUsedUp(let promised, let needed):
            "\(promised) of the budget are promised already, and to go on would take \(needed) in all. Ask again with a "
                + "larger budget."
        case .spendLimit(.perSession, let limit, let needed):
            "The session would stake \(needed), but this client's limit for one is \(limit). Lower the budget or raise the "
                + "limit."
        case .spendLimit(.perDay(let spent), let limit, let needed):
            "The session would stake \(needed) with its fees; \(spent) of the day's limit of \(limit) are spent or staked "
                + "already. Wait, lower the budget, or raise the limit."
        case .chain(let cause):
            "The cluster did not do its part: \(sentence(cause))"
        }
    }
}
