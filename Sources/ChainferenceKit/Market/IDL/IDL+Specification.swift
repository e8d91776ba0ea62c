import JSON
import Solana

extension IDL {
    /// The JSON of Anchor's IDL specification 0.1.0, which Anchor 0.30 and later read.
    ///
    /// The members and their order are those of Anchor's `idl/spec`.
    public var specification: String {
        var idl = JSONObject()
        idl.add("address", address.base58)
        var metadata = JSONObject()
        metadata.add("name", name)
        metadata.add("version", version)
        metadata.add("spec", "0.1.0")
        metadata.add("description", description)
        idl.add("metadata", .object(metadata))
        idl.add("instructions", .array(instructions.map { $0.specification(of: address) }))
        idl.add("accounts", .array(accounts.map(\.reference)))
        idl.add("events", .array(events.map(\.reference)))
        idl.add("errors", .array(errors.map(\.json)))
        let definitions = types + (accounts + events).map(\.definition)
        let sorted = definitions.sorted { $0.name < $1.name }
        idl.add("types", .array(sorted.map(\.specification)))
        return idl.document
    }
}

extension IDL.Instruction {
    fileprivate func specification(of program: Address) -> JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("discriminator", .discriminator(discriminator))
        json.add("accounts", .array(accounts.map { $0.specification(of: program) }))
        json.add("args", .array(arguments.map(\.specification)))
        return .object(json)
    }
}

extension IDL.InstructionAccount {
    fileprivate func specification(of program: Address) -> JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("writable", ifTrue: isWritable)
        json.add("signer", ifTrue: isSigner)
        json.add("optional", ifTrue: isOptional)
        switch source {
        case .fixed(let address): json.add("address", address.base58)
        case .program: json.add("address", program.base58)
        case .derived(let seeds, let other):
            var pda = JSONObject()
            pda.add("seeds", .array(seeds.map(\.specification)))
            if let other {
                var seed = JSONObject()
                seed.add("kind", "const")
                seed.add("value", .bytes(other.bytes))
                pda.add("program", .object(seed))
            }
            json.add("pda", .object(pda))
        case nil: break
        }
        json.add("relations", ifAny: relations)
        return .object(json)
    }
}

extension IDL.Seed {
    fileprivate var specification: JSONValue {
        var json = JSONObject()
        switch self {
        case .text(let text):
            json.add("kind", "const")
            json.add("value", .bytes(Array(text.utf8)))
        case .account(let path):
            json.add("kind", "account")
            json.add("path", path)
        case .argument(let path):
            json.add("kind", "arg")
            json.add("path", path)
        }
        return .object(json)
    }
}

extension IDL.Record {
    fileprivate var reference: JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("discriminator", .discriminator(discriminator))
        return .object(json)
    }

    fileprivate var definition: IDL.TypeDefinition {
        IDL.TypeDefinition(name: name, docs: docs, kind: .structure(fields))
    }
}

extension IDL.TypeDefinition {
    fileprivate var specification: JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        var type = JSONObject()
        switch kind {
        case .structure(let fields):
            type.add("kind", "struct")
            type.add("fields", .array(fields.map(\.specification)))
        case .enumeration(let variants):
            type.add("kind", "enum")
            type.add("variants", .array(variants.map { .object(["name": .string($0)]) }))
        }
        json.add("type", .object(type))
        return .object(json)
    }
}

extension IDL.Field {
    fileprivate var specification: JSONValue {
        var json = JSONObject()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("type", type.specification)
        return .object(json)
    }
}

extension IDL.FieldType {
    fileprivate var specification: JSONValue {
        switch self {
        case .u8: .string("u8")
        case .u16: .string("u16")
        case .u64: .string("u64")
        case .i64: .string("i64")
        case .string: .string("string")
        case .publicKey: .string("pubkey")
        case .array(let element, let count):
            .object(["array": .array([element.specification, .unsigned(UInt64(count))])])
        case .vector(let element): .object(["vec": element.specification])
        case .defined(let name): .object(["defined": .object(["name": .string(name)])])
        }
    }
}

extension IDL.ErrorDefinition {
    var json: JSONValue {
        .object(["code": .unsigned(UInt64(code)), "name": .string(name), "msg": .string(message)])
    }
}

extension JSONValue {
    fileprivate static func bytes(_ bytes: [UInt8]) -> JSONValue { .array(bytes.map { .unsigned(UInt64($0)) }) }

    fileprivate static func discriminator(_ value: UInt64) -> JSONValue {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: value)
        return .bytes(bytes)
    }
}
