/// The addresses of the accounts in which the runtime publishes the cluster's state.
public enum Sysvar {
    /// Slot, epoch and time.
    public static let clock = Address(literal: "SysvarC1ock11111111111111111111111111111111")

    /// How epochs follow each other.
    public static let epochSchedule = Address(literal: "SysvarEpochSchedu1e111111111111111111111111")

    /// The instructions of the running transaction.
    public static let instructions = Address(literal: "Sysvar1nstructions1111111111111111111111111")

    /// The latest blockhashes; deprecated by the runtime, but durable nonces still name it.
    public static let recentBlockhashes = Address(literal: "SysvarRecentB1ockHashes11111111111111111111")

    /// The price of storage.
    public static let rent = Address(literal: "SysvarRent111111111111111111111111111111111")

    /// The hashes of the latest slots.
    public static let slotHashes = Address(literal: "SysvarS1otHashes111111111111111111111111111")

    /// Which slots had a block.
    public static let slotHistory = Address(literal: "SysvarS1otHistory11111111111111111111111111")

    /// How much was staked in past epochs.
    public static let stakeHistory = Address(literal: "SysvarStakeHistory1111111111111111111111111")

    /// The slot of the last restart of the cluster.
    public static let lastRestartSlot = Address(literal: "SysvarLastRestartS1ot1111111111111111111111")

    /// The rewards of the running epoch.
    public static let epochRewards = Address(literal: "SysvarEpochRewards1111111111111111111111111")
}
