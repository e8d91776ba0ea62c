public import Solana

/// A transaction that landed in a block, whether it succeeded or failed, and what it did.
public struct TransactionRecord: Sendable {
    /// An instruction that a program invoked.
    public struct InnerInstruction: Sendable, Hashable {
        /// The program's index among the transaction's account keys.
        public var programIndex: Int

        /// The accounts' indexes among the transaction's account keys.
        public var accountIndexes: [Int]

        /// The instruction's data.
        public var data: [UInt8]

        /// How deep the call was; 2 for one made by a top-level instruction.
        public var stackHeight: Int
    }

    /// The first signature, by which the transaction is known.
    public let signature: Signature

    /// The slot that it landed in.
    public let slot: UInt64

    /// The cluster's clock at the time, in seconds since 1970.
    public let blockTime: Int64

    /// The transaction as it came over the wire.
    public let wireBytes: [UInt8]

    /// The static account keys, then the looked-up writable and the looked-up read-only ones.
    public let accountKeys: [Address]

    /// How many of ``accountKeys`` came from lookup tables as writable accounts.
    public let loadedWritableCount: Int

    /// How many of ``accountKeys`` came from lookup tables as read-only accounts.
    public let loadedReadonlyCount: Int

    /// Why it failed, or nil for success; a failed transaction has paid its fee and done nothing else.
    public let error: TransactionError?

    /// What it paid.
    public let fee: Lamports

    /// The balances before, in the order of ``accountKeys``.
    public let preBalances: [Lamports]

    /// The balances afterwards, in the order of ``accountKeys``.
    public let postBalances: [Lamports]

    /// The log lines.
    public let logs: [String]

    /// The compute units used; the market program runs natively here, so its share is an estimate.
    public let computeUnits: UInt64

    /// The instructions invoked by programs, by the index of the top-level instruction.
    public let innerInstructions: [Int: [InnerInstruction]]

    /// What the last program to return data returned.
    public let returnData: ReturnData?

    /// The memos, as `getSignaturesForAddress` shows them.
    public let memo: String?

    /// Bytes that a program handed back.
    public struct ReturnData: Sendable, Hashable {
        /// The program that set them.
        public var program: Address

        /// The bytes, at most 1,024.
        public var data: [UInt8]
    }
}
