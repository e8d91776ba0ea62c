public import JSON

extension TransactionError {
    /// Reads the error from the JSON that nodes write, such as `{"InstructionError": [0, {"Custom": 6001}]}`.
    ///
    /// What this library does not know becomes ``TransactionError/unrecognized(_:)``, never a success.
    ///
    /// - Returns: nil for `null` alone.
    public init?(json: JSONValue) {
        switch json {
        case .null:
            return nil
        case .string(let name):
            self.init(name: name)
        case .object(let members) where members.count == 1:
            guard let (name, payload) = members.first, let error = Self.read(name, payload) else {
                self = .unrecognized(json.excerpt)
                return
            }
            self = error
        default:
            self = .unrecognized(json.excerpt)
        }
    }

    /// The JSON that nodes write for the error.
    public var json: JSONValue {
        switch self {
        case .instructionError(let index, let error):
            [name: [.unsigned(UInt64(index)), error.json]]
        case .duplicateInstruction(let index):
            [name: .unsigned(UInt64(index))]
        case .insufficientFundsForRent(let index), .programExecutionTemporarilyRestricted(let index):
            [name: ["account_index": .unsigned(UInt64(index))]]
        default:
            .string(name)
        }
    }

    private static func read(_ name: String, _ payload: JSONValue) -> Self? {
        func byte(_ value: JSONValue?) -> UInt8? {
            value?.unsigned.flatMap { UInt8(exactly: $0) }
        }
        switch name {
        case "InstructionError":
            guard payload.elements?.count == 2, let index = byte(payload[0]), let error = payload[1] else { return nil }
            return .instructionError(index: index, InstructionError(json: error))
        case "DuplicateInstruction":
            return byte(payload).map { .duplicateInstruction(index: $0) }
        case "InsufficientFundsForRent":
            return byte(payload["account_index"]).map { .insufficientFundsForRent(accountIndex: $0) }
        case "ProgramExecutionTemporarilyRestricted":
            return byte(payload["account_index"]).map { .programExecutionTemporarilyRestricted(accountIndex: $0) }
        default:
            return nil
        }
    }
}

extension InstructionError {
    /// Reads the error from the JSON that nodes write: a name, or `{"Custom": code}`.
    ///
    /// What this library does not know becomes ``InstructionError/unrecognized(_:)``.
    public init(json: JSONValue) {
        switch json {
        case .string(let name):
            self.init(name: name)
        case .object(let members) where members.count == 1:
            if let code = members["Custom"]?.unsigned.flatMap({ UInt32(exactly: $0) }) {
                self = .custom(code)
            } else if members["BorshIoError"] != nil {
                // Nodes before 3.0 added a text.
                self = .borshIoError
            } else {
                self = .unrecognized(json.excerpt)
            }
        default:
            self = .unrecognized(json.excerpt)
        }
    }

    /// The JSON that nodes write for the error.
    public var json: JSONValue {
        switch self {
        case .custom(let code): ["Custom": .unsigned(UInt64(code))]
        default: .string(name)
        }
    }
}
