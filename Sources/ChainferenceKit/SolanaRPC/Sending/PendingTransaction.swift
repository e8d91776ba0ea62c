public import Solana

/// A transaction that has been signed: from now on it may land until its blockhash expires.
public struct PendingTransaction: Sendable, Hashable {
    /// The signed transaction.
    public let transaction: Transaction
    /// Its first signature, which names it.
    public let signature: Signature
    /// The last block height at which it can land.
    public let lastValidBlockHeight: UInt64
    /// What it costs if it lands, whether it succeeds or not: the fee for its signatures and its priority.
    public let fee: Lamports

    /// Takes a signed transaction up, for example one that was stored before a crash.
    ///
    /// - Throws: `SigningError` if a signature is missing.
    public init(transaction: Transaction, lastValidBlockHeight: UInt64) throws {
        guard let signature = transaction.id, transaction.missingSigners.isEmpty else {
            throw SigningError.missingSignatures(transaction.missingSigners)
        }
        self.transaction = transaction
        self.signature = signature
        self.lastValidBlockHeight = lastValidBlockHeight
        fee = TransactionFee(of: transaction.message).total
    }
}

/// A transaction that has landed, succeeded and reached the commitment.
public struct ConfirmedTransaction: Sendable, Hashable {
    /// The transaction's first signature.
    public let signature: Signature
    /// The slot in which it landed.
    ///
    /// If only a subscription's notice came through, it is the slot that the notice was about: it had landed by then.
    public let slot: UInt64
    /// What was charged for signatures and priority.
    public let fee: Lamports
    /// The compute units that it used; nil unless ``SendPolicy/fetchesDetails`` and the node tells.
    public let computeUnits: UInt64?
    /// What the programs logged; empty unless ``SendPolicy/fetchesDetails`` and the node tells.
    public let logs: [String]

    /// Makes a value, for tests and stand-ins.
    public init(signature: Signature, slot: UInt64, fee: Lamports, computeUnits: UInt64? = nil, logs: [String] = []) {
        self.signature = signature
        self.slot = slot
        self.fee = fee
        self.computeUnits = computeUnits
        self.logs = logs
    }
}
