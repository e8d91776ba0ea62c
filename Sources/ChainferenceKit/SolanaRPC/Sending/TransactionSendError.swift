public import Solana

/// Why a transaction did not succeed, what it cost, and whether it still may.
///
/// Every case that comes after signing carries the signature.
public enum TransactionSendError: Error, Sendable {
    /// Nothing was sent and nothing charged: preparing or signing failed.
    case notSent(any Error)
    /// The transaction would fail; it was not sent, and nothing was charged.
    case simulationFailed(TransactionFailure)
    /// The transaction would cost more than the policy allows; it was not sent.
    case tooExpensive(fee: Lamports, maximum: Lamports)
    /// The node refused to pass the transaction on. Nothing was charged, and it can't land unless somebody else sends
    /// the same bytes before the block height has passed.
    case refused(PendingTransaction, any Error)
    /// The transaction landed and failed: its effects are undone, the fee was charged.
    case failed(signature: Signature, slot: UInt64, TransactionFailure, fee: Lamports)
    /// The transaction's blockhash has expired and the transaction did not land; nothing was charged, and it never will be.
    case expired(signature: Signature, lastValidBlockHeight: UInt64)
    /// The outcome was not learned: the time was over, the task was cancelled, or no node answered.
    ///
    /// The transaction may have landed, or may land until its block height has passed. Look with
    /// ``TransactionSender/confirm(_:)`` before doing the same thing again.
    case undecided(PendingTransaction, reason: String)
}

extension TransactionSendError {
    /// The signature of the transaction, unless nothing was signed.
    public var signature: Signature? {
        switch self {
        case .notSent, .simulationFailed, .tooExpensive: nil
        case .refused(let pending, _), .undecided(let pending, _): pending.signature
        case .failed(let signature, _, _, _), .expired(let signature, _): signature
        }
    }

    /// What was charged for certain.
    public var fee: Lamports {
        guard case .failed(_, _, _, let fee) = self else { return .zero }
        return fee
    }

    /// Whether the transaction may still have its effect.
    public var mayStillLand: Bool {
        switch self {
        case .undecided, .refused: true
        default: false
        }
    }

    /// Why the chain or a simulation refused the transaction, if it did.
    public var failure: TransactionFailure? {
        switch self {
        case .simulationFailed(let failure), .failed(_, _, let failure, _): failure
        default: nil
        }
    }

    /// Whether the transaction was judged, so that trying again would bring the same.
    var isVerdict: Bool {
        switch self {
        case .simulationFailed, .tooExpensive, .failed: true
        case .notSent, .refused, .expired, .undecided: false
        }
    }

    /// The error of the program that refused, if it is known.
    public var programError: (any Error)? { failure?.programError }
}

extension TransactionSendError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .notSent(let error):
            "Nothing was sent and nothing charged: \(error)"
        case .simulationFailed(let failure):
            "The transaction would fail, so that it was not sent and nothing was charged: \(failure)"
        case .tooExpensive(let fee, let maximum):
            "The transaction would cost \(fee), more than the allowed \(maximum); nothing was sent."
        case .refused(let pending, let error):
            "The node did not take transaction \(pending.signature), and nothing was charged: \(error)"
        case .failed(let signature, let slot, let failure, let fee):
            "Transaction \(signature) failed in slot \(slot) and cost \(fee): \(failure)"
        case .expired(let signature, let height):
            """
            Transaction \(signature) did not land up to block height \(height) and never will; nothing was charged. \
            Try again, possibly with a higher priority fee.
            """
        case .undecided(let pending, let reason):
            """
            What became of transaction \(pending.signature) is unknown (\(reason)). It may have landed, or may land up to \
            block height \(pending.lastValidBlockHeight), and then costs \(pending.fee). Look at its status before \
            doing the same thing again.
            """
        }
    }
}
