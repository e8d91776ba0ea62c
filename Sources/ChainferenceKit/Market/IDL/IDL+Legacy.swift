import JSON
import Solana

extension IDL {
    /// The JSON of the form that was used before Anchor 0.30, which anchorpy and other tools still read.
    ///
    /// It has no discriminators: tools derive them from the names, as Anchor does.
    public var legacy: String {
        var idl = JSONObject()
        idl.add("version", version)
        idl.add("name", name)
        idl.add("docs", ifAny: [description])
        idl.add("instructions", .array(instructions.map(\.legacy)))
        idl.add("accounts", .array(accounts.map(\.legacyAccount)))
        idl.add("types", .array(types.map(\.legacy)))
        idl.add("events", .array(events.map(\.legacyEvent)))
        idl.add("errors", .array(errors.map(\.json)))
        idl.add("metadata", .object(["address": .string(address.base58)]))
        return idl.document
    }
}

extension IDL.Instruction {
    fileprivate var legacy: JSONValue {
        var json = JSONObject()
        json.add("name", name.camelCased)
        json.add("docs", ifAny: docs)
        json.add("accounts", .array(accounts.map { $0.legacy(in: self) }))
        json.add("args", .array(arguments.map(\.legacy)))
        return .object(json)
    }
}

extension IDL.InstructionAccount {
    fileprivate func legacy(in instruction: IDL.Instruction) -> JSONValue {
        var json = JSONObject()
        json.add("name", name.camelCased)
        json.add("isMut", .bool(isWritable))
        json.add("isSigner", .bool(isSigner))
        json.add("isOptional", ifTrue: isOptional)
        json.add("docs", ifAny: docs)
        if case .derived(let seeds, let program) = source {
            var pda = JSONObject()
            pda.add("seeds", .array(seeds.map { $0.legacy(in: instruction) }))
            if let program {
                pda.add("programId", Self.legacyConstant("publicKey", program.base58))
            }
            json.add("pda", .object(pda))
        }
        return .object(json)
    }

    fileprivate static func legacyConstant(_ type: String, _ value: String) -> JSONValue {
        .object(["kind": .string("const"), "type": .string(type), "value": .string(value)])
    }
}

extension IDL.Seed {
    fileprivate func legacy(in instruction: IDL.Instruction) -> JSONValue {
        switch self {
        case .text(let text):
            return IDL.InstructionAccount.legacyConstant("string", text)
        case .account(let path):
            return .object([
                "kind": .string("account"), "type": .string("publicKey"), "path": .string(path.camelCased),
            ])
        case .argument(let path):
            let type = instruction.arguments.first { $0.name == path }?.type ?? .publicKey
            return .object(["kind": .string("arg"), "type": type.legacy, "path": .string(path.camelCased)])
        }
    }
}

extension IDL.Record {
    fileprivate var legacyAccount: JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("type", .object(["kind": .string("struct"), "fields": .array(fields.map(\.legacy))]))
        return .object(json)
    }

    fileprivate var legacyEvent: JSONValue {
        let fields = fields.map { field in
            JSONValue.object([
                "name": .string(field.name.camelCased), "type": field.type.legacy, "index": .bool(false),
            ])
        }
        return .object(["name": .string(name), "fields": .array(fields)])
    }
}

extension IDL.TypeDefinition {
    fileprivate var legacy: JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        switch kind {
        case .structure(let fields):
            json.add("type", .object(["kind": .string("struct"), "fields": .array(fields.map(\.legacy))]))
        case .enumeration(let variants):
            let names = variants.map { JSONValue.object(["name": .string($0)]) }
            json.add("type", .object(["kind": .string("enum"), "variants": .array(names)]))
        }
        return .object(json)
    }
}

extension IDL.Field {
    fileprivate var legacy: JSONValue {
        var json = JSONObject()
        json.add("name", name.camelCased)
        json.add("docs", ifAny: docs)
        json.add("type", type.legacy)
        return .object(json)
    }
}

extension IDL.FieldType {
    fileprivate var legacy: JSONValue {
        switch self {
        case .u8: .string("u8")
        case .u16: .string("u16")
        case .u64: .string("u64")
        case .i64: .string("i64")
        case .string: .string("string")
        case .publicKey: .string("publicKey")
        case .array(let element, let count): .object(["array": .array([element.legacy, .unsigned(UInt64(count))])])
        case .vector(let element): .object(["vec": element.legacy])
        case .defined(let name): .object(["defined": .string(name)])
        }
    }
}

extension String {
    /// `voucher_signer` becomes `voucherSigner`.
    fileprivate var camelCased: String {
        var words = split(separator: "_").map(String.init)
        for index in words.indices.dropFirst() { words[index] = words[index].capitalizedFirst }
        return words.joined()
    }

    /// With its first letter in upper case.
    var capitalizedFirst: String { prefix(1).uppercased() + dropFirst() }
}
