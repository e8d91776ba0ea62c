public import Solana

/// How far a transaction has come (`getSignatureStatuses`).
public struct SignatureStatus: Sendable, Hashable {
    /// The slot in which the transaction landed.
    public let slot: UInt64
    /// The blocks on top of it; nil once it is finalized.
    public let confirmations: UInt64?
    /// Why the transaction failed, which it was charged for nevertheless; nil if it succeeded.
    public let error: TransactionError?
    /// What it has reached.
    public let commitment: Commitment

    /// Makes a status, for tests.
    public init(slot: UInt64, confirmations: UInt64?, error: TransactionError?, commitment: Commitment) {
        self.slot = slot
        self.confirmations = confirmations
        self.error = error
        self.commitment = commitment
    }

    /// Whether the transaction has reached that commitment.
    public func hasReached(_ commitment: Commitment) -> Bool {
        self.commitment >= commitment
    }
}

extension SignatureStatus: Decodable {
    private enum CodingKeys: String, CodingKey {
        case slot
        case confirmations
        case err
        case confirmationStatus
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        slot = try container.decode(UInt64.self, forKey: .slot)
        confirmations = try container.decodeIfPresent(UInt64.self, forKey: .confirmations)
        error = try container.decodeIfPresent(TransactionErrorCoding.self, forKey: .err)?.error
        if let status = try container.decodeIfPresent(Commitment.self, forKey: .confirmationStatus) {
            commitment = status
        } else {
            // Before the member existed, only rooted transactions had no number of confirmations.
            commitment = confirmations == nil ? .finalized : .processed
        }
    }
}

/// A transaction that involved an address (`getSignaturesForAddress`).
public struct SignatureRecord: Sendable, Hashable, Decodable {
    /// The transaction's first signature.
    public let signature: Signature
    /// The slot in which it landed.
    public let slot: UInt64
    /// Why it failed; nil if it succeeded.
    public let error: TransactionError?
    /// Its memo, if it had one, with the length in brackets before it.
    public let memo: String?
    /// When its block was made, in seconds since 1970; nil if unknown.
    public let blockTime: Int64?
    /// What it has reached, if the node tells.
    public let commitment: Commitment?

    private enum CodingKeys: String, CodingKey {
        case signature
        case slot
        case err
        case memo
        case blockTime
        case confirmationStatus
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        signature = try container.decode(Signature.self, forKey: .signature)
        slot = try container.decode(UInt64.self, forKey: .slot)
        error = try container.decodeIfPresent(TransactionErrorCoding.self, forKey: .err)?.error
        memo = try container.decodeIfPresent(String.self, forKey: .memo)
        blockTime = try container.decodeIfPresent(Int64.self, forKey: .blockTime)
        commitment = try container.decodeIfPresent(Commitment.self, forKey: .confirmationStatus)
    }
}
