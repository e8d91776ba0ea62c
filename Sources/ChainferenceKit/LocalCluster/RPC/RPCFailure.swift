import JSON
import Solana

/// An error of a JSON-RPC call, with the codes and sentences that Agave uses.
struct RPCFailure: Error, Sendable, Hashable {
    var code: Int64
    var message: String
    var data: JSONValue?

    init(_ code: Int64, _ message: String, data: JSONValue? = nil) {
        self.code = code
        self.message = message
        self.data = data
    }

    static let parseError = RPCFailure(-32_700, "Parse error")
    static let invalidRequest = RPCFailure(-32_600, "Invalid request")
    static let methodNotFound = RPCFailure(-32_601, "Method not found")
    static let signatureVerification = RPCFailure(-32_003, "Transaction signature verification failure")

    static func invalidParams(_ message: String) -> RPCFailure { RPCFailure(-32_602, message) }

    static func invalidType(_ value: JSONValue, expected: String) -> RPCFailure {
        invalidParams("Invalid params: invalid type: \(value.kind), expected \(expected).")
    }

    static func unsupportedVersion(_ version: Int) -> RPCFailure {
        RPCFailure(
            -32_015,
            """
            Transaction version (\(version)) is not supported by the requesting client. Please try the request again \
            with the following configuration parameter: "maxSupportedTransactionVersion": \(version)
            """
        )
    }

    static func minimumContextSlot(_ contextSlot: UInt64) -> RPCFailure {
        RPCFailure(
            -32_016,
            "Minimum context slot has not been reached",
            data: ["contextSlot": .unsigned(contextSlot)]
        )
    }

    static func nodeUnhealthy(slotsBehind: UInt64?) -> RPCFailure {
        RPCFailure(
            -32_005,
            slotsBehind.map { "Node is behind by \($0) slots" } ?? "Node is unhealthy",
            data: ["numSlotsBehind": .optional(slotsBehind) { .unsigned($0) }]
        )
    }

    var json: JSONValue {
        var members: JSONObject = ["code": .signed(code), "message": .string(message)]
        members["data"] = data
        return .object(members)
    }
}
