public import Solana

/// A blockhash for new transactions, and how long they can land with it.
public struct LatestBlockhash: Hashable, Sendable, Decodable {
    /// The hash.
    public let blockhash: Blockhash
    /// The last block height at which a transaction with this hash can land.
    public let lastValidBlockHeight: UInt64

    /// Makes a value, for tests and for callers that keep their own.
    public init(blockhash: Blockhash, lastValidBlockHeight: UInt64) {
        self.blockhash = blockhash
        self.lastValidBlockHeight = lastValidBlockHeight
    }
}

extension RPCClient {
    /// The newest blockhash (`getLatestBlockhash`).
    public func getLatestBlockhash(commitment: Commitment? = nil) async throws -> Contextual<LatestBlockhash> {
        try await callForContext("getLatestBlockhash", commitment: commitment) { $0 }
    }

    /// Whether transactions with that blockhash can still land (`isBlockhashValid`).
    public func isBlockhashValid(_ blockhash: Blockhash, commitment: Commitment? = nil) async throws -> Contextual<Bool>
    {
        try await callForContext("isBlockhashValid", [.string(blockhash.base58)], commitment: commitment) { $0 }
    }
}
