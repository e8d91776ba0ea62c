/// What the system program is told: a number of 32 bits for the case, then the fields (bincode, little-endian).
public enum SystemInstruction: Hashable, Sendable {
    /// Makes an account (0).
    case createAccount(lamports: Lamports, space: UInt64, owner: Address)

    /// Gives an account to a program (1).
    case assign(owner: Address)

    /// Moves lamports (2).
    case transfer(lamports: Lamports)

    /// Makes an account at the address of a base and a text (3).
    case createAccountWithSeed(base: Address, seed: String, lamports: Lamports, space: UInt64, owner: Address)

    /// Changes the value of a durable nonce (4).
    case advanceNonceAccount

    /// Takes lamports out of a nonce account (5).
    case withdrawNonceAccount(lamports: Lamports)

    /// Makes a durable nonce of an account (6).
    case initializeNonceAccount(authority: Address)

    /// Hands a nonce account over (7).
    case authorizeNonceAccount(authority: Address)

    /// Gives an account room for data (8).
    case allocate(space: UInt64)

    /// Gives an account of a base and a text room for data, and to a program (9).
    case allocateWithSeed(base: Address, seed: String, space: UInt64, owner: Address)

    /// Gives an account of a base and a text to a program (10).
    case assignWithSeed(base: Address, seed: String, owner: Address)

    /// Moves lamports out of an account of a base and a text (11).
    case transferWithSeed(lamports: Lamports, seed: String, owner: Address)

    /// Brings an old nonce account up to date (12).
    case upgradeNonceAccount

    /// Makes an account that may hold lamports already (13).
    case createAccountAllowPrefund(lamports: Lamports, space: UInt64, owner: Address)
}

extension SystemInstruction {
    func instruction(_ accounts: [AccountMeta]) -> Instruction {
        Instruction(program: SystemProgram.id, accounts: accounts, data: data)
    }

    /// The instruction's data.
    public var data: [UInt8] {
        var bytes: [UInt8] = []
        switch self {
        case .createAccount(let lamports, let space, let owner):
            bytes.append(tag: 0)
            bytes.append(lamports, space, owner)
        case .assign(let owner):
            bytes.append(tag: 1)
            bytes.append(owner)
        case .transfer(let lamports):
            bytes.append(tag: 2)
            bytes.append(u64: lamports.rawValue)
        case .createAccountWithSeed(let base, let seed, let lamports, let space, let owner):
            bytes.append(tag: 3)
            bytes.append(base)
            bytes.append(text: seed)
            bytes.append(lamports, space, owner)
        case .advanceNonceAccount:
            bytes.append(tag: 4)
        case .withdrawNonceAccount(let lamports):
            bytes.append(tag: 5)
            bytes.append(u64: lamports.rawValue)
        case .initializeNonceAccount(let authority):
            bytes.append(tag: 6)
            bytes.append(authority)
        case .authorizeNonceAccount(let authority):
            bytes.append(tag: 7)
            bytes.append(authority)
        case .allocate(let space):
            bytes.append(tag: 8)
            bytes.append(u64: space)
        case .allocateWithSeed(let base, let seed, let space, let owner):
            bytes.append(tag: 9)
            bytes.append(base)
            bytes.append(text: seed)
            bytes.append(u64: space)
            bytes.append(owner)
        case .assignWithSeed(let base, let seed, let owner):
            bytes.append(tag: 10)
            bytes.append(base)
            bytes.append(text: seed)
            bytes.append(owner)
        case .transferWithSeed(let lamports, let seed, let owner):
            bytes.append(tag: 11)
            bytes.append(u64: lamports.rawValue)
            bytes.append(text: seed)
            bytes.append(owner)
        case .upgradeNonceAccount:
            bytes.append(tag: 12)
        case .createAccountAllowPrefund(let lamports, let space, let owner):
            bytes.append(tag: 13)
            bytes.append(lamports, space, owner)
        }
        return bytes
    }

    /// What an instruction's data say; `nil` if the program would answer `InvalidInstructionData`.
    ///
    /// Bytes after the last field are ignored, as the program does.
    public init?(decoding data: some Collection<UInt8>) {
        var reader = BincodeReader(Array(data))
        guard let tag = reader.readInteger(UInt32.self), let value = Self.read(tag, from: &reader) else { return nil }
        self = value
    }

    private static func read(_ tag: UInt32, from reader: inout BincodeReader) -> SystemInstruction? {
        switch tag {
        case 0, 13:
            guard let lamports = reader.readLamports(), let space = reader.readInteger(UInt64.self),
                let owner = reader.readAddress()
            else { return nil }
            return tag == 0
                ? .createAccount(lamports: lamports, space: space, owner: owner)
                : .createAccountAllowPrefund(lamports: lamports, space: space, owner: owner)
        case 1: return reader.readAddress().map { .assign(owner: $0) }
        case 2: return reader.readLamports().map { .transfer(lamports: $0) }
        case 3:
            guard let base = reader.readAddress(), let seed = reader.readText(), let lamports = reader.readLamports(),
                let space = reader.readInteger(UInt64.self), let owner = reader.readAddress()
            else { return nil }
            return .createAccountWithSeed(base: base, seed: seed, lamports: lamports, space: space, owner: owner)
        case 4: return .advanceNonceAccount
        case 5: return reader.readLamports().map { .withdrawNonceAccount(lamports: $0) }
        case 6: return reader.readAddress().map { .initializeNonceAccount(authority: $0) }
        case 7: return reader.readAddress().map { .authorizeNonceAccount(authority: $0) }
        case 8: return reader.readInteger(UInt64.self).map { .allocate(space: $0) }
        case 9:
            guard let base = reader.readAddress(), let seed = reader.readText(),
                let space = reader.readInteger(UInt64.self), let owner = reader.readAddress()
            else { return nil }
            return .allocateWithSeed(base: base, seed: seed, space: space, owner: owner)
        case 10:
            guard let base = reader.readAddress(), let seed = reader.readText(), let owner = reader.readAddress()
            else { return nil }
            return .assignWithSeed(base: base, seed: seed, owner: owner)
        case 11:
            guard let lamports = reader.readLamports(), let seed = reader.readText(), let owner = reader.readAddress()
            else { return nil }
            return .transferWithSeed(lamports: lamports, seed: seed, owner: owner)
        case 12: return .upgradeNonceAccount
        default: return nil
        }
    }
}
