public import Solana

/// A Solana-compatible ledger: accounts, blocks, and the rules by which transactions change them.
///
/// A plain value without locks, clocks or sockets: time passes when ``advanceSlot(unixTimestamp:)`` says so. A
/// `LocalCluster` puts one behind JSON-RPC and PubSub endpoints; a test can drive one directly.
///
/// What it takes over from a validator: the order of the checks, fees, rent, blockhash age, duplicate detection,
/// privileges, atomicity, error codes and log lines, for the programs that it has. What it simplifies: one node, no
/// forks, no votes, no skipped slots; slots become confirmed and finalized by age; fees are collected in
/// ``feesCollected`` rather than burned and paid to a leader; nothing is compiled to SBF, so compute units of the
/// market and memo programs are estimates.
public struct Ledger: Sendable {
    /// The constants.
    public internal(set) var parameters: LedgerParameters

    /// The market of a ledger that comes out of a snapshot.
    let origin: Origin?

    /// The hash of the genesis, which names the cluster.
    public let genesisHash: Blockhash

    /// The slot that transactions land in now.
    public internal(set) var slot: UInt64 = 0

    /// The newest slots that are confirmed and finalized.
    var confirmedSlot: UInt64 = 0
    var finalizedSlot: UInt64 = 0

    /// How many transactions landed, failed ones included.
    public internal(set) var transactionCount: UInt64 = 0

    /// All fees that were paid; accounts and this sum together always hold what genesis made.
    public internal(set) var feesCollected: Lamports = 0

    /// The accounts as of now.
    private(set) var accounts: [Address: LedgerAccount] = [:]

    /// The accounts of each program but the system program, which owns nearly everything.
    private var owned: [Address: Set<Address>] = [:]

    /// What the recent slots changed, so that older commitment levels can be answered.
    var deltas: [UInt64: SlotDelta] = [:]

    /// The oldest slot whose accounts are known.
    var oldestSlot: UInt64 = 0

    var blockhashes: BlockhashQueue
    var history: TransactionHistory
    var prioritizationFees = PrioritizationFees()
    var blocks: BlockIndex

    /// The messages that landed, by the blockhash they named; forgotten when that expires.
    var landed: [Blockhash: [Blockhash: UInt64]] = [:]

    var clock: ClockSysvar

    /// What one slot changed.
    struct SlotDelta: Sendable {
        /// Each changed account as it was before the slot; nil if there was none.
        var previous: [Address: LedgerAccount?] = [:]

        /// The transactions that landed in the slot, in order.
        var signatures: [Signature] = []
    }

    /// Makes the genesis block and the first slot after it.
    public init(parameters: LedgerParameters = LedgerParameters()) {
        self.parameters = parameters
        origin = nil
        let time = parameters.genesisTime ?? Self.timeOfDay()
        clock = ClockSysvar(slot: 0, epochStartTimestamp: time, epoch: 0, unixTimestamp: time)
        genesisHash = Self.genesisHash(parameters)
        blockhashes = BlockhashQueue()
        history = TransactionHistory(limit: parameters.historyLimit)
        blocks = BlockIndex(limit: parameters.blockLimit)
        blockhashes.register(genesisHash, height: 0)
        makeGenesisAccounts()
        deltas[0] = SlotDelta()
        _ = beginSlot(unixTimestamp: time)
        if parameters.market.isInitialized {
            initializeMarket()
            // Whoever connects at once asks at `confirmed`, and must find the market there.
            for _ in 0..<parameters.confirmationAge { _ = beginSlot(unixTimestamp: time) }
        }
    }

    /// Takes over a state; the caller sets the rest of it.
    init(
        parameters: LedgerParameters,
        genesisHash: Blockhash,
        clock: ClockSysvar,
        accounts: [Address: LedgerAccount],
        origin: Origin
    ) {
        self.parameters = parameters
        self.genesisHash = genesisHash
        self.clock = clock
        self.accounts = accounts
        self.origin = origin
        blockhashes = BlockhashQueue()
        history = TransactionHistory(limit: parameters.historyLimit)
        blocks = BlockIndex(limit: parameters.blockLimit)
        for (address, account) in accounts where account.owner != SystemProgram.id {
            owned[account.owner, default: []].insert(address)
        }
    }

    // MARK: Reading

    /// The newest slot that has reached a commitment level.
    public func slot(at commitment: Commitment) -> UInt64 {
        switch commitment {
        case .processed: slot
        case .confirmed: confirmedSlot
        case .finalized: finalizedSlot
        }
    }

    /// An account as it is now, or nil if nothing is there.
    public func account(_ address: Address) -> LedgerAccount? { accounts[address] }

    /// An account as it was at the end of a slot.
    ///
    /// - Parameters:
    ///   - address: The account.
    ///   - slot: A slot no older than the newest finalized one, or by ``LedgerParameters/retainedSlots`` older.
    /// - Returns: The account, or nil if nothing was there.
    public func account(_ address: Address, atSlot slot: UInt64) -> LedgerAccount? {
        var later = slot + 1
        while later <= self.slot {
            if let previous = deltas[later]?.previous[address] { return previous }
            later += 1
        }
        return accounts[address]
    }

    /// The accounts that a program owned at the end of a slot, in the order of their addresses.
    public func accounts(ownedBy program: Address, atSlot slot: UInt64) -> [(Address, LedgerAccount)] {
        var candidates: Set<Address>
        if program == SystemProgram.id {
            candidates = Set(accounts.keys)
        } else {
            candidates = owned[program] ?? []
        }
        var later = slot + 1
        while later <= self.slot {
            for (address, previous) in deltas[later]?.previous ?? [:] where previous?.owner == program {
                candidates.insert(address)
            }
            later += 1
        }
        return candidates.sorted().compactMap { address in
            guard let account = account(address, atSlot: slot), account.owner == program else { return nil }
            return (address, account)
        }
    }

    /// Every account's balance now.
    public var balances: [Address: Lamports] { accounts.mapValues(\.lamports) }

    /// The transaction with this first signature, if it landed and is still remembered.
    public func transaction(_ signature: Signature) -> TransactionRecord? { history[signature] }

    /// The latest blockhash as of a slot and the last block height that accepts it.
    public func latestBlockhash(atSlot slot: UInt64) -> (blockhash: Blockhash, lastValidBlockHeight: UInt64) {
        (blockhashes.hash(at: slot) ?? genesisHash, slot + BlockhashQueue.maximumAge)
    }

    /// The clock's Unix time now.
    public var unixTimestamp: Int64 { clock.unixTimestamp }

    // MARK: Writing

    /// Puts an account into place, remembering what was there before for the older commitment levels.
    mutating func store(_ account: LedgerAccount?, at address: Address) {
        // An account without lamports does not exist, whatever its data.
        let account = account.flatMap { $0.lamports == .zero ? nil : $0 }
        let previous = accounts[address]
        if deltas[slot]?.previous.index(forKey: address) == nil {
            deltas[slot, default: SlotDelta()].previous[address] = .some(previous)
        }
        if let previous, previous.owner != account?.owner, previous.owner != SystemProgram.id {
            owned[previous.owner]?.remove(address)
        }
        if let account, account.owner != SystemProgram.id, account.owner != previous?.owner {
            owned[account.owner, default: []].insert(address)
        }
        accounts[address] = account
    }
}
