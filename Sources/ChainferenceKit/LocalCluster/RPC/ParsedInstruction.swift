import JSON
import Solana

/// Instructions in words, as `jsonParsed` shows those of the system, lookup-table and memo programs.
enum ParsedInstruction {
    /// An instruction of a message, or one that a program invoked.
    ///
    /// - Parameters:
    ///   - instruction: The instruction.
    ///   - keys: All accounts of the transaction.
    ///   - stackHeight: How deep the call is; 1 for a top-level instruction.
    /// - Returns: What it says, or its bytes if nobody can say.
    static func json(_ instruction: CompiledInstruction, keys: [Address], stackHeight: Int = 1) -> JSONValue {
        let program = keys[Int(instruction.programIndex)]
        let accounts = instruction.accountIndices.map { keys[Int($0)].base58 }
        let height = JSONValue.unsigned(UInt64(stackHeight))
        guard let (name, parsed) = parse(program, instruction.data, accounts) else {
            return [
                "programId": .string(program.base58),
                "accounts": .array(accounts.map { .string($0) }),
                "data": .string(Base58.encode(instruction.data)),
                "stackHeight": height,
            ]
        }
        return [
            "program": .string(name), "programId": .string(program.base58), "parsed": parsed, "stackHeight": height,
        ]
    }

    private static func parse(_ program: Address, _ data: [UInt8], _ accounts: [String]) -> (String, JSONValue)? {
        let found: (type: String, info: JSONObject)?
        let name: String
        switch program {
        case WellKnownAddress.memo1, WellKnownAddress.memo2:
            return String(validating: data, as: UTF8.self).map { ("spl-memo", .string($0)) }
        case SystemProgram.id:
            name = "system"
            found = SystemInstruction(decoding: data).flatMap { system($0, accounts) }
        case AddressLookupTableProgram.id:
            name = "address-lookup-table"
            found = AddressLookupTableInstruction(decoding: data).flatMap { lookupTable($0, accounts) }
        default: return nil
        }
        return found.map { (name, ["type": .string($0.type), "info": .object($0.info)]) }
    }

    /// The accounts under their names; nil if the instruction has fewer.
    private static func named(_ names: String..., in accounts: [String]) -> JSONObject? {
        guard accounts.count >= names.count else { return nil }
        return JSONObject(zip(names, accounts.map { JSONValue.string($0) }))
    }

    private static func merged(_ names: JSONObject, _ members: JSONObject) -> JSONObject {
        var info = names
        for (name, value) in members { info[name] = value }
        return info
    }

    private static func text(_ address: Address) -> JSONValue { .string(address.base58) }

    // MARK: Programs

    private static func system(
        _ instruction: SystemInstruction,
        _ accounts: [String]
    ) -> (String, JSONObject)? {
        let type: String
        var members: JSONObject = [:]
        let names: JSONObject?
        switch instruction {
        case .createAccount(let lamports, let space, let owner):
            type = "createAccount"
            names = named("source", "newAccount", in: accounts)
            members = ["lamports": .unsigned(lamports.rawValue), "space": .unsigned(space), "owner": text(owner)]
        case .assign(let owner):
            type = "assign"
            names = named("account", in: accounts)
            members = ["owner": text(owner)]
        case .transfer(let lamports):
            type = "transfer"
            names = named("source", "destination", in: accounts)
            members = ["lamports": .unsigned(lamports.rawValue)]
        case .createAccountWithSeed(let base, let seed, let lamports, let space, let owner):
            type = "createAccountWithSeed"
            names = named("source", "newAccount", in: accounts)
            members = [
                "base": text(base), "seed": .string(seed), "lamports": .unsigned(lamports.rawValue),
                "space": .unsigned(space), "owner": text(owner),
            ]
        case .advanceNonceAccount:
            type = "advanceNonce"
            names = named("nonceAccount", "recentBlockhashesSysvar", "nonceAuthority", in: accounts)
        case .withdrawNonceAccount(let lamports):
            type = "withdrawFromNonce"
            names = named(
                "nonceAccount",
                "destination",
                "recentBlockhashesSysvar",
                "rentSysvar",
                "nonceAuthority",
                in: accounts
            )
            members = ["lamports": .unsigned(lamports.rawValue)]
        case .initializeNonceAccount(let authority):
            type = "initializeNonce"
            names = named("nonceAccount", "recentBlockhashesSysvar", "rentSysvar", in: accounts)
            members = ["nonceAuthority": text(authority)]
        case .authorizeNonceAccount(let authority):
            type = "authorizeNonce"
            names = named("nonceAccount", "nonceAuthority", in: accounts)
            members = ["newAuthorized": text(authority)]
        case .upgradeNonceAccount:
            type = "upgradeNonce"
            names = named("nonceAccount", in: accounts)
        case .allocate(let space):
            type = "allocate"
            names = named("account", in: accounts)
            members = ["space": .unsigned(space)]
        case .allocateWithSeed(let base, let seed, let space, let owner):
            type = "allocateWithSeed"
            names = accounts.count < 2 ? nil : named("account", in: accounts)
            members = ["base": text(base), "seed": .string(seed), "space": .unsigned(space), "owner": text(owner)]
        case .assignWithSeed(let base, let seed, let owner):
            type = "assignWithSeed"
            names = accounts.count < 2 ? nil : named("account", in: accounts)
            members = ["base": text(base), "seed": .string(seed), "owner": text(owner)]
        case .transferWithSeed(let lamports, let seed, let owner):
            type = "transferWithSeed"
            names = named("source", "sourceBase", "destination", in: accounts)
            members = [
                "lamports": .unsigned(lamports.rawValue), "sourceSeed": .string(seed), "sourceOwner": text(owner),
            ]
        case .createAccountAllowPrefund(let lamports, let space, let owner):
            type = "createAccountAllowPrefund"
            members = ["space": .unsigned(space), "owner": text(owner)]
            if lamports == .zero {
                names = named("newAccount", in: accounts)
            } else {
                names = named("newAccount", "source", in: accounts)
                members["lamports"] = .unsigned(lamports.rawValue)
            }
        }
        return names.map { (type, merged($0, members)) }
    }

    private static func lookupTable(
        _ instruction: AddressLookupTableInstruction,
        _ accounts: [String]
    ) -> (String, JSONObject)? {
        let type: String
        var names = named("lookupTableAccount", "lookupTableAuthority", in: accounts)
        var members: JSONObject = [:]
        switch instruction {
        case .create(let recentSlot, let bump):
            type = "createLookupTable"
            names = named(
                "lookupTableAccount",
                "lookupTableAuthority",
                "payerAccount",
                "systemProgram",
                in: accounts
            )
            members = ["recentSlot": .unsigned(recentSlot), "bumpSeed": .unsigned(UInt64(bump))]
        case .freeze: type = "freezeLookupTable"
        case .extend(let addresses):
            type = "extendLookupTable"
            if accounts.count >= 4 {
                names = named(
                    "lookupTableAccount",
                    "lookupTableAuthority",
                    "payerAccount",
                    "systemProgram",
                    in: accounts
                )
            }
            members = ["newAddresses": .array(addresses.map { text($0) })]
        case .deactivate: type = "deactivateLookupTable"
        case .close:
            type = "closeLookupTable"
            names = named("lookupTableAccount", "lookupTableAuthority", "recipient", in: accounts)
        }
        return names.map { (type, merged($0, members)) }
    }
}
