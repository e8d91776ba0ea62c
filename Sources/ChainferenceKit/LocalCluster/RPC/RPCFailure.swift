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

extension TransactionError {
    /// As Agave writes it into JSON: a name, or a name with what it is about.
    var json: JSONValue {
        switch self {
        case .instructionError(let index, let error): ["InstructionError": [.unsigned(UInt64(index)), error.json]]
        case .duplicateInstruction(let index): ["DuplicateInstruction": .unsigned(UInt64(index))]
        case .insufficientFundsForRent(let index):
            ["InsufficientFundsForRent": ["account_index": .unsigned(UInt64(index))]]
        case .programExecutionTemporarilyRestricted(let index):
            ["ProgramExecutionTemporarilyRestricted": ["account_index": .unsigned(UInt64(index))]]
        default: .string(name)
        }
    }
}

extension InstructionError {
    /// As Agave writes it into JSON.
    var json: JSONValue {
        if case .custom(let code) = self { ["Custom": .unsigned(UInt64(code))] } else { .string(name) }
    }
}
