import JSON
import Solana

/// The positional parameters of a call.
struct RPCParameters {
    let values: [JSONValue]

    init(_ value: JSONValue?) throws(RPCFailure) {
        switch value {
        case nil, .null: values = []
        case .array(let elements): values = elements
        case .some(let other): throw .invalidType(other, expected: "a sequence of parameters")
        }
    }

    subscript(index: Int) -> JSONValue? {
        guard index < values.count, !values[index].isNull else { return nil }
        return values[index]
    }

    func required(_ index: Int) throws(RPCFailure) -> JSONValue {
        guard let value = self[index] else {
            throw .invalidParams("`params` should have at least \(index + 1) argument(s)")
        }
        return value
    }

    func text(_ index: Int) throws(RPCFailure) -> String {
        let value = try required(index)
        guard let text = value.text else { throw .invalidType(value, expected: "a string") }
        return text
    }

    func unsigned(_ index: Int) throws(RPCFailure) -> UInt64 {
        let value = try required(index)
        guard case .unsigned(let number) = value else { throw .invalidType(value, expected: "u64") }
        return number
    }

    func list(_ index: Int) throws(RPCFailure) -> [JSONValue] {
        let value = try required(index)
        guard let elements = value.elements else { throw .invalidType(value, expected: "a sequence") }
        return elements
    }

    func address(_ index: Int) throws(RPCFailure) -> Address { try Self.address(try required(index)) }

    func addresses(_ index: Int, limit: Int) throws(RPCFailure) -> [Address] {
        let elements = try list(index)
        guard elements.count <= limit else { throw .invalidParams("Too many inputs provided; max \(limit)") }
        var addresses: [Address] = []
        for element in elements { addresses.append(try Self.address(element)) }
        return addresses
    }

    func signature(_ index: Int) throws(RPCFailure) -> Signature { try Self.decode(try required(index)) }

    func blockhash(_ index: Int) throws(RPCFailure) -> Blockhash { try Self.decode(try required(index)) }

    func options(_ index: Int) throws(RPCFailure) -> RPCOptions { try RPCOptions(self[index]) }

    static func address(_ value: JSONValue) throws(RPCFailure) -> Address { try decode(value) }

    static func signature(_ value: JSONValue) throws(RPCFailure) -> Signature { try decode(value) }

    private static func decode<Bytes: FixedBytes>(_ value: JSONValue) throws(RPCFailure) -> Bytes {
        guard let text = value.text else { throw .invalidType(value, expected: "a string") }
        do throws(SolanaFormatError) {
            return try Bytes(base58: text)
        } catch {
            if case .invalidCharacter = error { throw .invalidParams("Invalid param: Invalid") }
            throw .invalidParams("Invalid param: WrongSize")
        }
    }
}

/// The options object that most calls take as their last parameter.
struct RPCOptions {
    private let members: JSONObject

    init(_ value: JSONValue?) throws(RPCFailure) {
        switch value {
        case nil, .null: members = [:]
        case .object(let object): members = object
        // Old clients pass the commitment level as a bare string.
        case .string(let text): members = ["commitment": .string(text)]
        case .some(let other): throw .invalidType(other, expected: "an options object")
        }
    }

    subscript(name: String) -> JSONValue? {
        guard let value = members[name], !value.isNull else { return nil }
        return value
    }

    func text(_ name: String) throws(RPCFailure) -> String? {
        guard let value = self[name] else { return nil }
        guard let text = value.text else { throw .invalidType(value, expected: "a string") }
        return text
    }

    func flag(_ name: String) throws(RPCFailure) -> Bool {
        guard let value = self[name] else { return false }
        guard case .bool(let flag) = value else { throw .invalidType(value, expected: "a boolean") }
        return flag
    }

    func unsigned(_ name: String) throws(RPCFailure) -> UInt64? {
        guard let value = self[name] else { return nil }
        guard case .unsigned(let number) = value else { throw .invalidType(value, expected: "u64") }
        return number
    }

    func commitment(_ name: String = "commitment") throws(RPCFailure) -> Commitment? {
        guard let text = try text(name) else { return nil }
        switch text {
        case "processed", "recent": return .processed
        case "confirmed", "single", "singleGossip": return .confirmed
        case "finalized", "max", "root": return .finalized
        default:
            throw .invalidParams(
                "Invalid params: unknown variant `\(text.prefix(64))`, expected one of processed, confirmed, finalized."
            )
        }
    }

    func encoding() throws(RPCFailure) -> AccountEncoding? {
        guard let text = try text("encoding") else { return nil }
        return try AccountEncoding(named: text)
    }

    func dataSlice() throws(RPCFailure) -> DataSlice? {
        guard let value = self["dataSlice"] else { return nil }
        guard case .unsigned(let offset) = value["offset"], case .unsigned(let length) = value["length"] else {
            throw .invalidParams("Invalid params: `dataSlice` needs `offset` and `length`, both integers.")
        }
        return DataSlice(offset: offset, length: length)
    }
}
