import JSON
import Solana

/// What a subscription is about, as the node is asked for it.
///
/// Equal topics share one subscription at the node, which gives equal ones the same number anyhow.
struct Topic: Hashable, Sendable {
    /// What the notifications of a topic are put in order by.
    enum Ordering: Hashable, Sendable {
        /// Nothing.
        case none
        /// One account: a notification from before the last one is stale.
        case single
        /// The account that each notification names.
        case byAddress
    }

    /// `account`, `program`, `signature`, `logs`, `slot`.
    let family: String
    let params: [JSONValue]
    let ordering: Ordering

    var subscribeMethod: String { "\(family)Subscribe" }
    var unsubscribeMethod: String { "\(family)Unsubscribe" }
    var notificationMethod: String { "\(family)Notification" }
    /// Whether the node ends the subscription by itself with the first notification that `isFinal`.
    var isOneShot: Bool { family == "signature" }
}

extension Topic {
    static let slots = Self(family: "slot", params: [], ordering: .none)

    static func account(_ address: Address, dataSlice: DataSlice?, commitment: Commitment) -> Self {
        var options: JSONObject = [
            "encoding": "base64", "commitment": .string(commitment.rawValue),
        ]
        if let dataSlice { options["dataSlice"] = dataSlice.json }
        return Self(family: "account", params: [.string(address.base58), .object(options)], ordering: .single)
    }

    static func program(
        _ program: Address,
        filters: [AccountFilter],
        dataSlice: DataSlice?,
        commitment: Commitment
    ) -> Self {
        var options: JSONObject = [
            "encoding": "base64", "commitment": .string(commitment.rawValue),
        ]
        if !filters.isEmpty { options["filters"] = .array(filters.map(\.json)) }
        if let dataSlice { options["dataSlice"] = dataSlice.json }
        return Self(family: "program", params: [.string(program.base58), .object(options)], ordering: .byAddress)
    }

    static func signature(_ signature: Signature, reportsReceipt: Bool, commitment: Commitment) -> Self {
        var options: JSONObject = ["commitment": .string(commitment.rawValue)]
        if reportsReceipt { options["enableReceivedNotification"] = true }
        return Self(family: "signature", params: [.string(signature.base58), .object(options)], ordering: .none)
    }

    static func logs(_ filter: LogsFilter, commitment: Commitment) -> Self {
        Self(family: "logs", params: [filter.json, ["commitment": .string(commitment.rawValue)]], ordering: .none)
    }
}
