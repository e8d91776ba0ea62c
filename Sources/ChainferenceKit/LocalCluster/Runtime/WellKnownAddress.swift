import Solana

/// Addresses that the runtime treats specially and that no client library needs to build instructions for.
enum WellKnownAddress {
    static let upgradeableLoader = Address(literal: "BPFLoaderUpgradeab1e11111111111111111111111")
    static let loader2 = Address(literal: "BPFLoader2111111111111111111111111111111111")
    static let nativeLoader = Address(literal: "NativeLoader1111111111111111111111111111111")
    /// The program data account of the lookup-table program.
    static let lookupTableProgramData = Address(literal: "4zSpbk5jGQyMmUrqCSjFZbRKwsrMXBPsyTzjhJEAsefG")
    static let sysvarOwner = Address(literal: "Sysvar1111111111111111111111111111111111111")
    static let clock = Address(literal: "SysvarC1ock11111111111111111111111111111111")
    static let rent = Address(literal: "SysvarRent111111111111111111111111111111111")
    static let epochSchedule = Address(literal: "SysvarEpochSchedu1e111111111111111111111111")
    static let instructions = Address(literal: "Sysvar1nstructions1111111111111111111111111")
    static let incinerator = Address(literal: "1nc1nerator11111111111111111111111111111111")
    static let memo1 = Address(literal: "Memo1UhkJRfHyvLMcVucJwxXeuD728EqVDDwQDxFMNo")
    static let memo2 = Address(literal: "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr")

    /// The addresses that no transaction may write to, whatever its header says.
    static let reserved: Set<Address> = [
        SystemProgram.id, ComputeBudgetProgram.id, Ed25519Program.id, upgradeableLoader, loader2, nativeLoader,
        AddressLookupTableProgram.id, sysvarOwner, clock, rent, epochSchedule, instructions,
        Address(literal: "KeccakSecp256k11111111111111111111111111111"),
        Address(literal: "Secp256r1SigVerify1111111111111111111111111"),
        Address(literal: "BPFLoader1111111111111111111111111111111111"),
        Address(literal: "LoaderV411111111111111111111111111111111111"),
        Address(literal: "Config1111111111111111111111111111111111111"),
        Address(literal: "Feature111111111111111111111111111111111111"),
        Address(literal: "Stake11111111111111111111111111111111111111"),
        Address(literal: "StakeConfig11111111111111111111111111111111"),
        Address(literal: "Vote111111111111111111111111111111111111111"),
        Address(literal: "ZkTokenProof1111111111111111111111111111111"),
        Address(literal: "ZkE1Gama1Proof11111111111111111111111111111"),
        Address(literal: "SysvarEpochRewards1111111111111111111111111"),
        Address(literal: "SysvarFees111111111111111111111111111111111"),
        Address(literal: "SysvarLastRestartS1ot1111111111111111111111"),
        Address(literal: "SysvarRecentB1ockHashes11111111111111111111"),
        Address(literal: "SysvarRewards111111111111111111111111111111"),
        Address(literal: "SysvarS1otHashes111111111111111111111111111"),
        Address(literal: "SysvarS1otHistory11111111111111111111111111"),
        Address(literal: "SysvarStakeHistory1111111111111111111111111"),
    ]
}
