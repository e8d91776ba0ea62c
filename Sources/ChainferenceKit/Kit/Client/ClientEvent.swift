public import Inference
public import InferenceMarket
public import PeerChannel
public import Solana

/// What happens on the way from a prompt to a settled answer.
///
/// In the open flow the order is quoted, published, locked, connected; in the direct flow quoted, chosen, connected,
/// published, locked. Then comes accepted, the answer, finished, settled. Where a server fails, ``failedOver(_:)`` comes and
/// the phases of the next one follow, each server with a settlement of its own. Each phase's event comes when its outcome is
/// certain: what an event reports needs no second look at the chain.
public enum ClientEvent: Sendable {
    /// Servers were found; this is what the session can cost. Nothing is spent yet.
    case quoted(Quote)
    /// A server is tried, for these reasons; in the direct flow only.
    case chosen(ServerChoice)
    /// The stake is on the chain.
    case published(PublishedRequest)
    /// A server has locked the request, on these terms.
    case locked(RequestLock)
    /// The encrypted channel to the server stands.
    case connected(peerAddress: String)
    /// The server takes the prompt and counts it.
    case accepted(inputTokens: UInt64)
    /// The next piece of the answer.
    case token(String)
    /// The next piece of what the model thinks aloud before it answers, if it does.
    case reasoning(String)
    /// The next piece of the calls that the model wants to make.
    case toolCalls([ToolCallDelta])
    /// The newest voucher: what the server may claim from here on, whatever happens.
    case vouched(Lamports)
    /// The answer is complete and its digest holds.
    case finished(Answer)
    /// The server failed; another one goes on where it stopped.
    case failedOver(Failover)
    /// The books of one request.
    case settled(Settlement)
}

/// A request that is on the chain.
public struct PublishedRequest: Hashable, Sendable {
    /// The request's account.
    public let request: Address
    /// The transaction that created it.
    public let signature: Signature
    /// The most that can be charged.
    public let stake: Lamports
    /// Until when a server may lock it; afterwards the stake comes back whole.
    public let expiresAt: UnixTime
}

/// A server's promise to answer a request.
public struct RequestLock: Hashable, Sendable {
    /// The wallet of the server.
    public let server: Address
    /// The frozen terms; never worse than the request's caps.
    public let terms: Terms
    /// When the lock was taken.
    public let lockedAt: UnixTime
    /// Until when the server may claim; one hour after the lock, or sooner once the client has begun to close.
    public let deadline: UnixTime
    /// The server's record, as its account shows it.
    public let reputation: Reputation
}

/// A complete answer.
public struct Answer: Hashable, Sendable {
    /// The whole text.
    public let text: String
    /// What the server counted for this prompt; within what the client finds plausible.
    public let usage: TokenCount
    /// Why the model stopped.
    public let finishReason: FinishReason
    /// What the server's wallet signed for exactly this prompt, answer and usage; nil when it signed nothing genuine, and for
    /// an answer that several servers gave.
    public let receipt: AnswerReceipt?
    /// Whether there is a genuine receipt.
    public var hasReceipt: Bool { receipt != nil }
}

/// A server's signed receipt, and the bytes that it is about: enough to prove later, offline, who answered what.
public struct AnswerReceipt: Hashable, Sendable {
    /// The receipt, as it is kept in a file.
    public let file: PeerReceiptFile
    /// The prompt as it was sent.
    public let prompt: [UInt8]
    /// The answer as it arrived.
    public let answer: [UInt8]
}

/// Where every lamport of a session went.
public struct Settlement: Hashable, Sendable {
    /// How far the settlement has come.
    public enum State: Hashable, Sendable {
        /// The server was paid, and all that was left came back.
        case complete
        /// The server has not claimed yet; it can until then, and the rest comes back with ``InferenceClient/sweep()``.
        case awaitingClaim(until: UnixTime)
        /// Nobody was paid; the stake came back.
        case refunded
    }

    /// How far the settlement has come.
    public let state: State
    /// The request's account.
    public let request: Address
    /// What was staked.
    public let stake: Lamports
    /// What the server charged; at most the newest voucher or the credit.
    public let charge: Lamports
    /// The client's transaction fees.
    public let transactionFees: Lamports
    /// The rent that the request held and gave back.
    public let rentReturned: Lamports
    /// The part of the stake that came back.
    public var stakeReturned: Lamports { stake.saturatingSubtracting(charge) }
    /// What the session cost in all.
    public var cost: Lamports { charge.saturatingAdding(transactionFees) }

    /// Whether nothing of the request is left on the chain.
    var isFinal: Bool {
        switch state {
        case .complete, .refunded: true
        case .awaitingClaim: false
        }
    }
}
