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
        case slotUpdates
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
        case account(Address, LedgerAccount?)
        case program(Address, LedgerAccount)
        case signature(TransactionError?)
        case signatureReceived
        case logs(Signature, TransactionError?, [String])
        case slot(slot: UInt64, parent: UInt64, root: UInt64)
        case slotUpdate(SlotUpdate)
        case root(UInt64)
    }

    var subscription: UInt64
    var contextSlot: UInt64
    var content: Content
    var encoding = AccountEncoding.binary
    var slice: DataSlice?

    /// The JSON-RPC method that it goes out as.
    var method: String {
        switch content {
        case .account: "accountNotification"
        case .program: "programNotification"
        case .signature, .signatureReceived: "signatureNotification"
        case .logs: "logsNotification"
        case .slot: "slotNotification"
        case .slotUpdate: "slotsUpdatesNotification"
        case .root: "rootNotification"
        }
    }

    var json: JSONValue {
        let result: JSONValue =
            switch content {
            case .account(let address, let account): inContext(show(account ?? .empty, at: address))
            case .program(let address, let account):
                inContext(["pubkey": .string(address.base58), "account": show(account, at: address)])
            case .signature(let error): inContext(["err": .optional(error, \.json)])
            case .signatureReceived: inContext("receivedSignature")
            case .logs(let signature, let error, let lines):
                inContext([
                    "signature": .string(signature.base58),
                    "err": .optional(error, \.json),
                    "logs": .array(lines.map { .string($0) }),
                ])
            case .slot(let slot, let parent, let root):
                ["slot": .unsigned(slot), "parent": .unsigned(parent), "root": .unsigned(root)]
            case .slotUpdate(let update): update.json
            case .root(let slot): .unsigned(slot)
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
    private func show(_ account: LedgerAccount, at address: Address) -> JSONValue {
        do throws(RPCFailure) {
            return try account.json(at: address, encoding: encoding, slice: slice)
        } catch {
            return (try? account.json(at: address, encoding: .base64, slice: slice)) ?? .null
        }
    }
}

/// A step in the life of a slot, as `slotsUpdatesSubscribe` tells it.
struct SlotUpdate: Sendable {
    enum Step: Sendable {
        case createdBank(parent: UInt64)
        case frozen(transactions: UInt64, failed: UInt64)
        case optimisticConfirmation
        case root
    }

    var slot: UInt64

    /// The clock's time, in milliseconds since 1970.
    var timestamp: UInt64
    var step: Step

    var json: JSONValue {
        var members: JSONObject = ["slot": .unsigned(slot), "timestamp": .unsigned(timestamp)]
        switch step {
        case .createdBank(let parent):
            members["type"] = "createdBank"
            members["parent"] = .unsigned(parent)
        case .frozen(let transactions, let failed):
            members["type"] = "frozen"
            members["stats"] = [
                "numTransactionEntries": .unsigned(transactions == 0 ? 0 : 1),
                "numSuccessfulTransactions": .unsigned(transactions - failed),
                "numFailedTransactions": .unsigned(failed),
                "maxTransactionsPerEntry": .unsigned(transactions),
            ]
        case .optimisticConfirmation: members["type"] = "optimisticConfirmation"
        case .root: members["type"] = "root"
        }
        return .object(members)
    }
}
