import JSON
public import Solana

/// Which transactions' logs are wanted.
public enum LogsFilter: Hashable, Sendable {
    /// Those of all transactions but votes.
    case all
    /// Those of transactions that mention the address.
    case mentioning(Address)

    var json: JSONValue {
        switch self {
        case .all: "all"
        case .mentioning(let address): ["mentions": [.string(address.base58)]]
        }
    }
}

/// What a transaction logged.
public struct LogsNotification: Hashable, Sendable, Decodable {
    /// The transaction's first signature.
    public let signature: Signature
    /// Why it failed; nil if it succeeded.
    public let error: TransactionError?
    /// What the programs logged.
    public let logs: [String]

    private enum CodingKeys: String, CodingKey {
        case signature
        case err
        case logs
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.container(keyedBy: CodingKeys.self)
        signature = try container.decode(Signature.self, forKey: .signature)
        error = try container.decodeIfPresent(TransactionErrorCoding.self, forKey: .err)?.error
        logs = try container.decodeIfPresent([String].self, forKey: .logs) ?? []
    }
}

/// What became of a transaction.
public enum SignatureNotification: Hashable, Sendable, Decodable {
    /// The node has received it; nothing is decided.
    case received
    /// It has reached the commitment; the error says why it failed, nil that it succeeded.
    case processed(error: TransactionError?)

    private enum CodingKeys: String, CodingKey {
        case err
    }

    /// Reads the value from a node's answer.
    public init(from decoder: any Decoder) throws {
        if let text = try? decoder.singleValueContainer().decode(String.self) {
            guard text == "receivedSignature" else {
                throw DecodingError.dataCorrupted(
                    .init(codingPath: decoder.codingPath, debugDescription: "unknown notice “\(text.prefix(40))”")
                )
            }
            self = .received
        } else {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            guard container.contains(.err) else {
                throw DecodingError.keyNotFound(
                    CodingKeys.err,
                    .init(codingPath: decoder.codingPath, debugDescription: "neither success nor error")
                )
            }
            self = .processed(
                error: try container.decodeIfPresent(TransactionErrorCoding.self, forKey: .err)?.error
            )
        }
    }
}

/// A new slot.
public struct SlotNotification: Hashable, Sendable, Decodable {
    /// The slot that the node works on.
    public let slot: UInt64
    /// The slot before it.
    public let parent: UInt64
    /// The newest finalized slot.
    public let root: UInt64
}

extension PubSubClient {
    /// Subscribes to an account's changes while `body` runs (`accountSubscribe`).
    ///
    /// - Parameters:
    ///   - address: where the account is.
    ///   - dataSlice: the part of the content that is wanted; nil for all of it.
    ///   - commitment: nil for the client's.
    ///   - isolation: the actor that `body` runs on.
    ///   - body: what takes the events.
    /// - Throws: ``PubSubError``, and what `body` throws.
    /// - Returns: what `body` returns.
    public func withAccountSubscription<Result>(
        _ address: Address,
        dataSlice: DataSlice? = nil,
        commitment: Commitment? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Subscription<AccountInfo>) async throws -> sending Result
    ) async throws -> sending Result {
        try await withSubscription(
            to: .account(address, dataSlice: dataSlice, commitment: commitment ?? self.commitment),
            decode: Self.decodeContextual,
            isolation: isolation,
            body
        )
    }

    /// Subscribes to the changes of a program's accounts while `body` runs (`programSubscribe`).
    ///
    /// An account that was closed is told with a balance of zero and no content, if the filters let that pass.
    ///
    /// - Parameters:
    ///   - program: the owner of the accounts.
    ///   - filters: all have to hold.
    ///   - dataSlice: the part of each account's content that is wanted; nil for all of it.
    ///   - commitment: nil for the client's.
    ///   - isolation: the actor that `body` runs on.
    ///   - body: what takes the events.
    /// - Throws: ``PubSubError``, and what `body` throws.
    /// - Returns: what `body` returns.
    public func withProgramSubscription<Result>(
        _ program: Address,
        filters: [AccountFilter] = [],
        dataSlice: DataSlice? = nil,
        commitment: Commitment? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Subscription<KeyedAccount>) async throws -> sending Result
    ) async throws -> sending Result {
        try await withSubscription(
            to: .program(
                program,
                filters: filters,
                dataSlice: dataSlice,
                commitment: commitment ?? self.commitment
            ),
            decode: Self.decodeContextual,
            isolation: isolation,
            body
        )
    }

    /// Subscribes to what becomes of a transaction while `body` runs (`signatureSubscribe`).
    ///
    /// The sequence ends after ``SignatureNotification/processed(error:)``. A transaction that had landed before the
    /// subscription was active is never told of: ask for its status on ``SubscriptionEvent/active``.
    ///
    /// - Parameters:
    ///   - signature: the transaction's first signature.
    ///   - reportsReceipt: whether to be told when the node has received the transaction, before anything is decided.
    ///   - commitment: nil for the client's.
    ///   - isolation: the actor that `body` runs on.
    ///   - body: what takes the events.
    /// - Throws: ``PubSubError``, and what `body` throws.
    /// - Returns: what `body` returns.
    public func withSignatureSubscription<Result>(
        _ signature: Signature,
        reportsReceipt: Bool = false,
        commitment: Commitment? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Subscription<SignatureNotification>) async throws -> sending Result
    ) async throws -> sending Result {
        try await withSubscription(
            to: .signature(signature, reportsReceipt: reportsReceipt, commitment: commitment ?? self.commitment),
            decode: Self.decodeContextual,
            isolation: isolation,
            body
        )
    }

    /// Subscribes to what transactions log while `body` runs (`logsSubscribe`).
    ///
    /// - Parameters:
    ///   - filter: which transactions.
    ///   - commitment: nil for the client's.
    ///   - isolation: the actor that `body` runs on.
    ///   - body: what takes the events.
    /// - Throws: ``PubSubError``, and what `body` throws.
    /// - Returns: what `body` returns.
    public func withLogsSubscription<Result>(
        _ filter: LogsFilter,
        commitment: Commitment? = nil,
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Subscription<LogsNotification>) async throws -> sending Result
    ) async throws -> sending Result {
        try await withSubscription(
            to: .logs(filter, commitment: commitment ?? self.commitment),
            decode: Self.decodeContextual,
            isolation: isolation,
            body
        )
    }

    /// Subscribes to the slots that the node works on while `body` runs (`slotSubscribe`).
    ///
    /// - Parameters:
    ///   - isolation: the actor that `body` runs on.
    ///   - body: what takes the events.
    /// - Throws: ``PubSubError``, and what `body` throws.
    /// - Returns: what `body` returns.
    public func withSlotSubscription<Result>(
        isolation: isolated (any Actor)? = #isolation,
        _ body: (Subscription<SlotNotification>) async throws -> sending Result
    ) async throws -> sending Result {
        try await withSubscription(
            to: .slots,
            decode: { text throws(MalformedJSON) in
                try JSONCoding.decode(NotificationBody<SlotNotification>.self, from: text).params.result
            },
            isolation: isolation,
            body
        )
    }

    private static func decodeContextual<Value: Decodable & Sendable>(
        _ text: [UInt8]
    ) throws(MalformedJSON) -> Value {
        try JSONCoding.decode(NotificationBody<Contextual<Value>>.self, from: text).params.result.value
    }
}

/// The part of a notification that its subscriber is after.
private struct NotificationBody<Result: Decodable>: Decodable {
    struct Params: Decodable {
        let result: Result
    }

    let params: Params
}
