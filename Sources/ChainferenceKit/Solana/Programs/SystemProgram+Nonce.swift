extension SystemProgram {
    /// How many bytes a nonce account has.
    public static let nonceAccountByteCount: UInt64 = 80

    /// Makes a durable nonce of an account that was created for it.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | nonce | written |
    /// | 1 | recent blockhashes | |
    /// | 2 | rent | |
    public static func initializeNonce(_ nonce: Address, authority: Address) -> Instruction {
        SystemInstruction.initializeNonceAccount(authority: authority)
            .instruction([.writable(nonce), .readonly(Sysvar.recentBlockhashes), .readonly(Sysvar.rent)])
    }

    /// Changes the value of a durable nonce; must be the first instruction of a transaction that lives by it.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | nonce | written |
    /// | 1 | recent blockhashes | |
    /// | 2 | authority | signs |
    public static func advanceNonce(_ nonce: Address, authority: Address) -> Instruction {
        SystemInstruction.advanceNonceAccount
            .instruction([.writable(nonce), .readonly(Sysvar.recentBlockhashes), .readonlySigner(authority)])
    }

    /// Takes lamports out of a nonce account.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | nonce | written |
    /// | 1 | recipient | written |
    /// | 2 | recent blockhashes | |
    /// | 3 | rent | |
    /// | 4 | authority | signs |
    public static func withdrawNonce(
        _ nonce: Address,
        authority: Address,
        to recipient: Address,
        lamports: Lamports
    ) -> Instruction {
        SystemInstruction.withdrawNonceAccount(lamports: lamports)
            .instruction([
                .writable(nonce), .writable(recipient), .readonly(Sysvar.recentBlockhashes), .readonly(Sysvar.rent),
                .readonlySigner(authority),
            ])
    }

    /// Hands a nonce account over to another authority.
    ///
    /// | # | account | |
    /// |---|---|---|
    /// | 0 | nonce | written |
    /// | 1 | authority | signs |
    public static func authorizeNonce(_ nonce: Address, authority: Address, to newAuthority: Address) -> Instruction {
        SystemInstruction.authorizeNonceAccount(authority: newAuthority)
            .instruction([.writable(nonce), .readonlySigner(authority)])
    }
}
