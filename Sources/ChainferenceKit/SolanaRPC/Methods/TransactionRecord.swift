public import Solana

/// A transaction that has landed, with what it did (`getTransaction`).
public struct TransactionRecord: Sendable {
    /// The slot in which it landed.
    public let slot: UInt64
    /// When its block was made, in seconds since 1970; nil if unknown.
    public let blockTime: Int64?
    /// The transaction as it went over the wire.
    public let wire: [UInt8]
    /// The transaction, decoded; nil if it is of a version that this library does not know.
    public let transaction: Transaction?
    /// What it did and cost; nil if the node has not kept that.
    public let meta: TransactionMeta?
}

/// What a transaction did and cost.
public struct TransactionMeta: Sendable, Hashable {
    /// Why it failed; nil if it succeeded.
    public let error: TransactionError?
    /// What was charged, also if it failed.
    public let fee: Lamports
    /// The balances before, in the order of the message's accounts, then of the loaded ones.
    public let preBalances: [Lamports]
    /// The balances afterwards, in the same order.
    public let postBalances: [Lamports]
    /// What the programs logged; empty if the node does not record that.
    public let logs: [String]
    /// The compute units used; nil if the node does not tell.
    public let computeUnits: UInt64?
    /// The accounts that were loaded from lookup tables: first the writable ones, then the others.
    public let loadedAddresses: [Address]
    /// What the last program returned, if anything.
    public let returnData: ReturnData?
}

extension TransactionMeta: Decodable {
    private enum CodingKeys: String, CodingKey {
        case err
        case fee
        case preBalances
        case postBalances
        case logMessages
        case computeUnitsConsumed
        case loadedAddresses
        case returnData
    }

    private struct Loaded: Decodable {
        let writable: [Address]
        let readonly: [Address]
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        error = try container.decodeIfPresent(TransactionErrorCoding.self, forKey: .err)?.error
        fee = Lamports(try container.decode(UInt64.self, forKey: .fee))
        preBalances = try container.decode([UInt64].self, forKey: .preBalances).map { Lamports($0) }
        postBalances = try container.decode([UInt64].self, forKey: .postBalances).map { Lamports($0) }
        logs = try container.decodeIfPresent([String].self, forKey: .logMessages) ?? []
        computeUnits = try container.decodeIfPresent(UInt64.self, forKey: .computeUnitsConsumed)
        let loaded = try container.decodeIfPresent(Loaded.self, forKey: .loadedAddresses)
        loadedAddresses = loaded.map { $0.writable + $0.readonly } ?? []
        returnData = try container.decodeIfPresent(ReturnData.self, forKey: .returnData)
    }
}

extension TransactionRecord: Decodable {
    private enum CodingKeys: String, CodingKey {
        case slot
        case blockTime
        case transaction
        case meta
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        slot = try container.decode(UInt64.self, forKey: .slot)
        blockTime = try container.decodeIfPresent(Int64.self, forKey: .blockTime)
        wire = try container.decode(EncodedBytes.self, forKey: .transaction).bytes
        transaction = try? Transaction(decoding: wire)
        meta = try container.decodeIfPresent(TransactionMeta.self, forKey: .meta)
    }
}
