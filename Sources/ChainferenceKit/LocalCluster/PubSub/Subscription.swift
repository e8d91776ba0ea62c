import JSON
import Solana

/// What a client wants to hear of.
struct Subscription: Sendable {
    /// What the subscriptions are found by when something happens.
    enum Topic: Sendable, Hashable {
        case account(Address)
        case program(Address)
        case signature(Signature)
        case logs
        case slot
        case root
    }

    /// Whose logs.
    enum LogFilter: Sendable, Hashable {
        case all
        case mentions(Address)
    }

    var id: UInt64
    var topic: Topic
    var commitment: Commitment
    var connection: PubSubConnection
    var encoding = AccountEncoding.binary
    var slice: DataSlice?
    var filters: [AccountFilter] = []
    var logFilter = LogFilter.all
    var wantsReceived = false
}

/// A notification before it is written as JSON; that happens on the connection's own time.
struct PubSubNotification: Sendable {
    enum Content: Sendable {
        case account(LedgerAccount?)
        case program(Address, LedgerAccount)
        case signature(TransactionError?)
        case signatureReceived
        case logs(Signature, TransactionError?, [String])
        case slot(slot: UInt64, parent: UInt64, root: UInt64)
        case root(UInt64)
    }

    var subscription: UInt64
    var contextSlot: UInt64
    var content: Content
    var encoding = AccountEncoding.binary
    var slice: DataSlice?

    var json: JSONValue {
        let (method, result): (String, JSONValue) =
            switch content {
            case .account(let account): ("accountNotification", inContext(show(account ?? .empty)))
            case .program(let address, let account):
                ("programNotification", inContext(["pubkey": .string(address.base58), "account": show(account)]))
            case .signature(let error):
                ("signatureNotification", inContext(["err": .optional(error, \.json)]))
            case .signatureReceived: ("signatureNotification", inContext("receivedSignature"))
            case .logs(let signature, let error, let lines):
                (
                    "logsNotification",
                    inContext([
                        "signature": .string(signature.base58),
                        "err": .optional(error, \.json),
                        "logs": .array(lines.map { .string($0) }),
                    ])
                )
            case .slot(let slot, let parent, let root):
                ("slotNotification", ["slot": .unsigned(slot), "parent": .unsigned(parent), "root": .unsigned(root)])
            case .root(let slot): ("rootNotification", .unsigned(slot))
            }
        return [
            "jsonrpc": "2.0",
            "method": .string(method),
            "params": ["result": result, "subscription": .unsigned(subscription)],
        ]
    }

    private func inContext(_ value: JSONValue) -> JSONValue {
        ["context": ["slot": .unsigned(contextSlot)], "value": value]
    }

    /// An account too large for its encoding goes out as Base64: a notification can't be refused.
    private func show(_ account: LedgerAccount) -> JSONValue {
        do throws(RPCFailure) {
            return try account.json(encoding: encoding, slice: slice)
        } catch {
            return (try? account.json(encoding: .base64, slice: slice)) ?? .null
        }
    }
}
