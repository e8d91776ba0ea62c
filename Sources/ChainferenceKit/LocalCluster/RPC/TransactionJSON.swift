import JSON
import Solana

/// Writes transactions and their outcomes as JSON-RPC shows them.
enum TransactionJSON {
    /// The forms that a transaction can be asked for in.
    enum Encoding {
        case json
        case jsonParsed
        case base58
        case base64

        init(named name: String?) throws(RPCFailure) {
            switch name {
            case nil, "json": self = .json
            case "jsonParsed": self = .jsonParsed
            case "base58", "binary": self = .base58
            case "base64": self = .base64
            case .some(let other):
                throw .invalidParams(
                    """
                    Invalid params: unknown variant `\(other.prefix(64))`, expected one of `json`, `jsonParsed`, \
                    `base58`, `base64`.
                    """
                )
            }
        }
    }

    static func transaction(_ record: TransactionRecord, encoding: Encoding) throws(RPCFailure) -> JSONValue {
        switch encoding {
        case .base58: return [.string(Base58.encode(record.wireBytes)), "base58"]
        case .base64: return [.string(Base64.encode(record.wireBytes)), "base64"]
        case .json, .jsonParsed: break
        }
        guard let transaction = try? Transaction(decoding: record.wireBytes) else {
            throw RPCFailure(-32_603, "Internal error")
        }
        let message = transaction.message
        var members: JSONObject = [
            "recentBlockhash": .string(message.recentBlockhash.base58)
        ]
        if encoding == .json {
            members["accountKeys"] = .array(message.accounts.map { .string($0.base58) })
            members["header"] = [
                "numRequiredSignatures": .unsigned(UInt64(message.header.requiredSignatures)),
                "numReadonlySignedAccounts": .unsigned(UInt64(message.header.readonlySigned)),
                "numReadonlyUnsignedAccounts": .unsigned(UInt64(message.header.readonlyUnsigned)),
            ]
            members["instructions"] = .array(message.instructions.map { compiled($0) })
        } else {
            members["accountKeys"] = parsedKeys(record, message)
            members["instructions"] = .array(
                message.instructions.map { ParsedInstruction.json($0, keys: record.accountKeys) }
            )
        }
        if case .v0 = message {
            members["addressTableLookups"] = .array(
                message.lookups.map { lookup in
                    [
                        "accountKey": .string(lookup.table.base58),
                        "writableIndexes": .array(lookup.writableIndices.map { .unsigned(UInt64($0)) }),
                        "readonlyIndexes": .array(lookup.readonlyIndices.map { .unsigned(UInt64($0)) }),
                    ]
                }
            )
        }
        return [
            "signatures": .array(transaction.signatures.map { .string($0.base58) }),
            "message": .object(members),
        ]
    }

    /// The signatures and the accounts of a transaction, as `getBlock` shows them with `accounts`.
    static func accounts(_ record: TransactionRecord) throws(RPCFailure) -> JSONValue {
        guard let transaction = try? Transaction(decoding: record.wireBytes) else {
            throw RPCFailure(-32_603, "Internal error")
        }
        return [
            "signatures": .array(transaction.signatures.map { .string($0.base58) }),
            "accountKeys": parsedKeys(record, transaction.message),
        ]
    }

    /// What a transaction did to balances, as `getBlock` shows it with `accounts`.
    static func accountsMeta(_ record: TransactionRecord) -> JSONValue {
        [
            "err": .optional(record.error, \.json),
            "status": status(record.error),
            "fee": .unsigned(record.fee.rawValue),
            "preBalances": .array(record.preBalances.map { .unsigned($0.rawValue) }),
            "postBalances": .array(record.postBalances.map { .unsigned($0.rawValue) }),
            "preTokenBalances": [],
            "postTokenBalances": [],
        ]
    }

    static func meta(_ record: TransactionRecord, encoding: Encoding) -> JSONValue {
        let loaded = record.accountKeys.suffix(record.loadedWritableCount + record.loadedReadonlyCount)
        var members: JSONObject = [
            "err": .optional(record.error, \.json),
            "status": status(record.error),
            "fee": .unsigned(record.fee.rawValue),
            "preBalances": .array(record.preBalances.map { .unsigned($0.rawValue) }),
            "postBalances": .array(record.postBalances.map { .unsigned($0.rawValue) }),
            "innerInstructions": inner(
                record.innerInstructions,
                keys: encoding == .jsonParsed ? record.accountKeys : nil
            ),
            "logMessages": .array(record.logs.map { .string($0) }),
            "preTokenBalances": [],
            "postTokenBalances": [],
            "rewards": [],
            "computeUnitsConsumed": .unsigned(record.computeUnits),
        ]
        members["returnData"] = record.returnData.map(returnData)
        // In words, the looked-up accounts stand among the others.
        if encoding != .jsonParsed {
            members["loadedAddresses"] = [
                "writable": .array(loaded.prefix(record.loadedWritableCount).map { .string($0.base58) }),
                "readonly": .array(loaded.dropFirst(record.loadedWritableCount).map { .string($0.base58) }),
            ]
        }
        return .object(members)
    }

    static func status(_ error: TransactionError?) -> JSONValue {
        if let error { ["Err": error.json] } else { ["Ok": nil] }
    }

    /// The instructions that programs invoked, in words if all of the transaction's accounts are given.
    static func inner(
        _ instructions: [Int: [TransactionRecord.InnerInstruction]],
        keys: [Address]? = nil
    ) -> JSONValue {
        .array(
            instructions.sorted { $0.key < $1.key }.map { index, calls in
                let shown = calls.map { call -> JSONValue in
                    if let keys { return parsed(call, keys: keys) }
                    return [
                        "programIdIndex": .unsigned(UInt64(call.programIndex)),
                        "accounts": .array(call.accountIndexes.map { .unsigned(UInt64($0)) }),
                        "data": .string(Base58.encode(call.data)),
                        "stackHeight": .unsigned(UInt64(call.stackHeight)),
                    ]
                }
                return ["index": .unsigned(UInt64(index)), "instructions": .array(shown)]
            }
        )
    }

    private static func parsed(_ call: TransactionRecord.InnerInstruction, keys: [Address]) -> JSONValue {
        let instruction = CompiledInstruction(
            programIndex: UInt8(clamping: call.programIndex),
            accountIndices: call.accountIndexes.map { UInt8(clamping: $0) },
            data: call.data
        )
        return ParsedInstruction.json(instruction, keys: keys, stackHeight: call.stackHeight)
    }

    static func returnData(_ returned: TransactionRecord.ReturnData) -> JSONValue {
        ["programId": .string(returned.program.base58), "data": [.string(Base64.encode(returned.data)), "base64"]]
    }

    private static func compiled(_ instruction: CompiledInstruction) -> JSONValue {
        [
            "programIdIndex": .unsigned(UInt64(instruction.programIndex)),
            "accounts": .array(instruction.accountIndices.map { .unsigned(UInt64($0)) }),
            "data": .string(Base58.encode(instruction.data)),
            "stackHeight": 1,
        ]
    }

    private static func parsedKeys(_ record: TransactionRecord, _ message: VersionedMessage) -> JSONValue {
        .array(
            record.accountKeys.enumerated().map { index, key in
                let isStatic = index < message.accounts.count
                let isWritable =
                    isStatic ? message.isWritable(index) : index < message.accounts.count + record.loadedWritableCount
                return [
                    "pubkey": .string(key.base58),
                    "signer": .bool(message.isSigner(index)),
                    "writable": .bool(isWritable),
                    "source": isStatic ? "transaction" : "lookupTable",
                ]
            }
        )
    }
}
