import Solana

extension IDL {
    /// The JSON of Anchor's IDL specification 0.1.0, which Anchor 0.30 and later read.
    ///
    /// The members and their order are those of Anchor's `idl/spec`.
    public var specification: String {
        var idl = JSONMembers()
        idl.add("address", address.base58)
        var metadata = JSONMembers()
        metadata.add("name", name)
        metadata.add("version", version)
        metadata.add("spec", "0.1.0")
        metadata.add("description", description)
        idl.add("metadata", metadata.object)
        idl.add("instructions", .array(instructions.map { $0.specification(of: address) }))
        idl.add("accounts", .array(accounts.map(\.reference)))
        idl.add("events", .array(events.map(\.reference)))
        idl.add("errors", .array(errors.map(\.json)))
        let definitions = types + (accounts + events).map(\.definition)
        let sorted = definitions.sorted { $0.name < $1.name }
        idl.add("types", .array(sorted.map(\.specification)))
        return idl.object.text
    }
}

extension IDL.Instruction {
    fileprivate func specification(of program: Address) -> JSONText {
        var json = JSONMembers()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("discriminator", .discriminator(discriminator))
        json.add("accounts", .array(accounts.map { $0.specification(of: program) }))
        json.add("args", .array(arguments.map(\.specification)))
        return json.object
    }
}

extension IDL.InstructionAccount {
    fileprivate func specification(of program: Address) -> JSONText {
        var json = JSONMembers()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("writable", ifTrue: isWritable)
        json.add("signer", ifTrue: isSigner)
        json.add("optional", ifTrue: isOptional)
        switch source {
        case .fixed(let address): json.add("address", address.base58)
        case .program: json.add("address", program.base58)
        case .derived(let seeds, let other):
            var pda = JSONMembers()
            pda.add("seeds", .array(seeds.map(\.specification)))
            if let other {
                var seed = JSONMembers()
                seed.add("kind", "const")
                seed.add("value", .bytes(other.bytes))
                pda.add("program", seed.object)
            }
            json.add("pda", pda.object)
        case nil: break
        }
        json.add("relations", ifAny: relations)
        return json.object
    }
}

extension IDL.Seed {
    fileprivate var specification: JSONText {
        var json = JSONMembers()
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
        return json.object
    }
}

extension IDL.Record {
    fileprivate var reference: JSONText {
        var json = JSONMembers()
        json.add("name", name)
        json.add("discriminator", .discriminator(discriminator))
        return json.object
    }

    fileprivate var definition: IDL.TypeDefinition {
        IDL.TypeDefinition(name: name, docs: docs, kind: .structure(fields))
    }
}

extension IDL.TypeDefinition {
    fileprivate var specification: JSONText {
        var json = JSONMembers()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        var type = JSONMembers()
        switch kind {
        case .structure(let fields):
            type.add("kind", "struct")
            type.add("fields", .array(fields.map(\.specification)))
        case .enumeration(let variants):
            type.add("kind", "enum")
            type.add("variants", .array(variants.map { .object([("name", .string($0))]) }))
        }
        json.add("type", type.object)
        return json.object
    }
}

extension IDL.Field {
    fileprivate var specification: JSONText {
        var json = JSONMembers()
        json.add("name", name)
        json.add("docs", ifAny: docs)
        json.add("type", type.specification)
        return json.object
    }
}

extension IDL.FieldType {
    fileprivate var specification: JSONText {
        switch self {
        case .u8: .string("u8")
        case .u16: .string("u16")
        case .u64: .string("u64")
        case .i64: .string("i64")
        case .string: .string("string")
        case .publicKey: .string("pubkey")
        case .array(let element, let count):
            .object([("array", .array([element.specification, .number(UInt64(count))]))])
        case .vector(let element): .object([("vec", element.specification)])
        case .defined(let name): .object([("defined", .object([("name", .string(name))]))])
        }
    }
}

extension IDL.ErrorDefinition {
    var json: JSONText {
        .object([("code", .number(UInt64(code))), ("name", .string(name)), ("msg", .string(message))])
    }
}

extension JSONText {
    fileprivate static func bytes(_ bytes: [UInt8]) -> JSONText { .array(bytes.map { .number(UInt64($0)) }) }

    fileprivate static func discriminator(_ value: UInt64) -> JSONText {
        var bytes: [UInt8] = []
        bytes.append(littleEndian: value)
        return .bytes(bytes)
    }
}
