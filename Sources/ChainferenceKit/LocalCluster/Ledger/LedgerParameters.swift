public import Solana

/// The constants of a ledger: what a cluster's genesis fixes.
public struct LedgerParameters: Sendable {
    /// How long a slot lasts on the cluster's clock.
    public var slotDuration: Duration = .milliseconds(400)

    /// How many slots a slot needs to become confirmed.
    public var confirmationSlots: UInt64 = 1

    /// How many slots a slot needs to become finalized; 31 as on a validator.
    public var finalizationSlots: UInt64 = 31

    /// How many transactions `getTransaction` and `getSignaturesForAddress` remember.
    public var historyLimit = 50_000

    /// How many blocks `getBlock` remembers.
    public var blockLimit = 10_000

    /// How many slots before the newest finalized one can still be looked at, as a lagging node does.
    public var retainedSlots: UInt64 = 0

    /// What the faucet's account holds at first.
    public var faucetBalance: Lamports = 500_000_000_000_000_000

    /// The most that one airdrop may give.
    public var airdropLimit: Lamports = 100_000_000_000_000

    /// The cost of storing data.
    public var rent: Rent = .standard

    /// The fee for one signature, the transaction's own or one that the Ed25519 precompile checks.
    public var lamportsPerSignature: Lamports = 5_000

    /// How many slots an epoch has.
    public var slotsPerEpoch: UInt64 = 432_000

    /// The cluster's clock at genesis, in seconds since 1970; nil for the time of day.
    public var genesisTime: Int64?

    /// What makes the blockhashes of this cluster differ from another's; nil for random bytes.
    public var seed: [UInt8]?

    /// Where the market program lives and how its market is set up.
    public var market = MarketDeployment.localnet

    /// Accounts that exist from the start.
    public var accounts: [Address: LedgerAccount] = [:]

    /// The defaults: what a mainnet validator does, at 400 milliseconds a slot.
    public init() {}

    /// A slot is confirmed once it has ended, at the earliest.
    var confirmationAge: UInt64 { max(1, confirmationSlots) }

    /// A slot is finalized once it is confirmed, at the earliest.
    var finalizationAge: UInt64 { max(confirmationAge, finalizationSlots) }
}
