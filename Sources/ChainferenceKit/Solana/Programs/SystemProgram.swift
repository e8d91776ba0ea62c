/// The program that makes accounts and moves lamports between those that belong to nobody else.
public enum SystemProgram {
    /// The program's id: thirty-two zero bytes.
    public static let id = Address.zero

    /// Makes an account with a key of its own.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | funder | signs, written |
    /// | 1 | new account | signs, written |
    ///
    /// - Parameters:
    ///   - account: The new account; must hold no lamports yet.
    ///   - funder: Who pays.
    ///   - lamports: What the account holds at first: at least ``Rent/minimumBalance(dataLength:)``.
    ///   - space: How many bytes of data it has.
    ///   - owner: The program that it belongs to.
    /// - Returns: The instruction.
    public static func createAccount(
        _ account: Address,
        funder: Address,
        lamports: Lamports,
        space: UInt64,
        owner: Address
    ) -> Instruction {
        SystemInstruction.createAccount(lamports: lamports, space: space, owner: owner)
            .instruction([.writableSigner(funder), .writableSigner(account)])
    }

    /// Makes an account that may hold lamports already: nobody can stop it by sending it some (SIMD-0312).
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | new account | signs, written |
    /// | 1 | funder | signs, written; only if there is something to pay |
    ///
    /// - Parameters:
    ///   - account: The new account.
    ///   - funder: Who pays; may be `nil` if `lamports` is nothing.
    ///   - lamports: What the funder adds to what is there.
    ///   - space: How many bytes of data it has.
    ///   - owner: The program that it belongs to.
    /// - Returns: The instruction.
    public static func createAccountAllowPrefund(
        _ account: Address,
        funder: Address?,
        lamports: Lamports,
        space: UInt64,
        owner: Address
    ) -> Instruction {
        SystemInstruction.createAccountAllowPrefund(lamports: lamports, space: space, owner: owner)
            .instruction([.writableSigner(account)] + (funder.map { [.writableSigner($0)] } ?? []))
    }

    /// Makes an account at the address that `base` and a text give.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | funder | signs, written |
    /// | 1 | new account | written |
    /// | 2 | base | signs; only if it is not the funder |
    ///
    /// - Parameters:
    ///   - account: The new account, from ``Address/createWithSeed(base:seed:owner:)``.
    ///   - funder: Who pays.
    ///   - base: The key that signs for the account.
    ///   - seed: The text.
    ///   - lamports: What the account holds at first.
    ///   - space: How many bytes of data it has.
    ///   - owner: The program that it belongs to.
    /// - Returns: The instruction.
    public static func createAccountWithSeed(
        _ account: Address,
        funder: Address,
        base: Address,
        seed: String,
        lamports: Lamports,
        space: UInt64,
        owner: Address
    ) -> Instruction {
        SystemInstruction.createAccountWithSeed(base: base, seed: seed, lamports: lamports, space: space, owner: owner)
            .instruction(
                [.writableSigner(funder), .writable(account)] + (base == funder ? [] : [.readonlySigner(base)])
            )
    }

    /// Moves lamports out of a plain account.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | sender | signs, written |
    /// | 1 | recipient | written |
    public static func transfer(from sender: Address, to recipient: Address, lamports: Lamports) -> Instruction {
        SystemInstruction.transfer(lamports: lamports).instruction([.writableSigner(sender), .writable(recipient)])
    }

    /// Gives an account to a program.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | account | signs, written |
    public static func assign(_ account: Address, to owner: Address) -> Instruction {
        SystemInstruction.assign(owner: owner).instruction([.writableSigner(account)])
    }

    /// Gives an account room for data.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | account | signs, written |
    public static func allocate(_ account: Address, space: UInt64) -> Instruction {
        SystemInstruction.allocate(space: space).instruction([.writableSigner(account)])
    }
}
