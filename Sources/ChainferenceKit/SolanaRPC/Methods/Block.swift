public import Solana

/// A block of the chain (`getBlock`).
public struct Block: Sendable {
    /// Its hash, which transactions may name as their recent blockhash.
    public let blockhash: Blockhash
    /// The hash of the block before it.
    public let previousBlockhash: Blockhash
    /// The slot of the block before it; slots between the two had none.
    public let parentSlot: UInt64
    /// The number of blocks beneath it; nil for old blocks of nodes that did not record it.
    public let blockHeight: UInt64?
    /// When it was made by its validators' clocks, in seconds since 1970; nil if unknown.
    public let blockTime: Int64?
    /// The transactions in their order; empty unless ``BlockDetails/full``.
    public let transactions: [BlockTransaction]
    /// The first signatures of the transactions; empty unless ``BlockDetails/signatures``.
    public let signatures: [Signature]
}

/// A transaction of a block, with what it did.
public struct BlockTransaction: Sendable {
    /// The transaction as it went over the wire.
    public let wire: [UInt8]
    /// The transaction, decoded; nil if it is of a version that this library does not know.
    public let transaction: Transaction?
    /// What it did and cost; nil if the node has not kept that.
    public let meta: TransactionMeta?
}

/// How much of a block is wanted.
public enum BlockDetails: String, Sendable, Hashable, CaseIterable {
    /// Every transaction, with what it did.
    case full
    /// The transactions' first signatures.
    case signatures
    /// The block alone.
    case none
}

extension Block: Decodable {
    private enum CodingKeys: String, CodingKey {
        case blockhash
        case previousBlockhash
        case parentSlot
        case blockHeight
        case blockTime
        case transactions
        case signatures
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        blockhash = try container.decode(Blockhash.self, forKey: .blockhash)
        previousBlockhash = try container.decode(Blockhash.self, forKey: .previousBlockhash)
        parentSlot = try container.decode(UInt64.self, forKey: .parentSlot)
        blockHeight = try container.decodeIfPresent(UInt64.self, forKey: .blockHeight)
        blockTime = try container.decodeIfPresent(Int64.self, forKey: .blockTime)
        transactions = try container.decodeIfPresent([BlockTransaction].self, forKey: .transactions) ?? []
        signatures = try container.decodeIfPresent([Signature].self, forKey: .signatures) ?? []
    }
}

extension BlockTransaction: Decodable {
    private enum CodingKeys: String, CodingKey {
        case transaction
        case meta
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        wire = try container.decode(EncodedBytes.self, forKey: .transaction).bytes
        transaction = try? Transaction(decoding: wire)
        meta = try container.decodeIfPresent(TransactionMeta.self, forKey: .meta)
    }
}
