import JSON
import Solana

/// Instructions in words, as `jsonParsed` shows those of the system and memo programs.
enum ParsedInstruction {
    static func json(_ instruction: CompiledInstruction, keys: [Address]) -> JSONValue {
        let program = keys[Int(instruction.programIndex)]
        let accounts = instruction.accountIndices.map { keys[Int($0)].base58 }
        if program == WellKnownAddress.memo1 || program == WellKnownAddress.memo2,
            let text = String(validating: instruction.data, as: UTF8.self)
        {
            return [
                "program": "spl-memo",
                "programId": .string(program.base58),
                "parsed": .string(text),
                "stackHeight": 1,
            ]
        }
        if program == SystemProgram.id, let (type, info) = system(instruction.data, accounts) {
            return [
                "program": "system",
                "programId": .string(program.base58),
                "parsed": ["type": .string(type), "info": .object(info)],
                "stackHeight": 1,
            ]
        }
        return [
            "programId": .string(program.base58),
            "accounts": .array(accounts.map { .string($0) }),
            "data": .string(Base58.encode(instruction.data)),
            "stackHeight": 1,
        ]
    }

    private static func system(_ data: [UInt8], _ accounts: [String]) -> (String, JSONObject)? {
        var reader = InstructionReader(data)
        guard let tag = reader.u32() else { return nil }
        switch (tag, accounts.count) {
        case (0, 2...):
            guard let lamports = reader.u64(), let space = reader.u64(), let owner = reader.address() else {
                return nil
            }
            return (
                "createAccount",
                [
                    "source": .string(accounts[0]), "newAccount": .string(accounts[1]),
                    "lamports": .unsigned(lamports), "space": .unsigned(space), "owner": .string(owner.base58),
                ]
            )
        case (1, 1...):
            guard let owner = reader.address() else { return nil }
            return ("assign", ["account": .string(accounts[0]), "owner": .string(owner.base58)])
        case (2, 2...):
            guard let lamports = reader.u64() else { return nil }
            return (
                "transfer",
                [
                    "source": .string(accounts[0]), "destination": .string(accounts[1]),
                    "lamports": .unsigned(lamports),
                ]
            )
        case (8, 1...):
            guard let space = reader.u64() else { return nil }
            return ("allocate", ["account": .string(accounts[0]), "space": .unsigned(space)])
        default: return nil
        }
    }
}
