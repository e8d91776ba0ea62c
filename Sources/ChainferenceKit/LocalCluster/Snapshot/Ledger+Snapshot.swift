import Borsh
import Solana

extension Ledger: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(genesisHash, slot, confirmedSlot, finalizedSlot, transactionCount, feesCollected)
        try writer.write(parameters.lamportsPerSignature, parameters.rent.lamportsPerByte, parameters.slotsPerEpoch)
        let origin = origin ?? Origin(parameters.market)
        try writer.write(origin.program, origin.upgradeAuthority, origin.treasury)
        try writer.write(clock, accounts, deltas, blockhashes)
        try writer.write(history, prioritizationFees, blocks, landed)
    }

    /// The ledger with the default parameters but for what the genesis fixed; ``restored(with:)`` sets the rest.
    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        let (genesisHash, slot, confirmed, finalized, count, fees):
            (Blockhash, UInt64, UInt64, UInt64, UInt64, Lamports) =
                try reader.read()
        var parameters = LedgerParameters()
        let (signature, byte, epoch): (Lamports, UInt64, UInt64) = try reader.read()
        parameters.lamportsPerSignature = signature
        parameters.rent = Rent(lamportsPerByte: byte)
        parameters.slotsPerEpoch = epoch
        let (program, authority, treasury): (Address, Address, Address) = try reader.read()
        let origin = Origin(program: program, upgradeAuthority: authority, treasury: treasury)
        let (clock, accounts, deltas, blockhashes):
            (
                ClockSysvar, [Address: LedgerAccount], [UInt64: SlotDelta], BlockhashQueue
            ) = try reader.read()
        let (history, prices, blocks, landed):
            (
                TransactionHistory, PrioritizationFees, BlockIndex, [Blockhash: [Blockhash: UInt64]]
            ) = try reader.read()
        self.init(parameters: parameters, genesisHash: genesisHash, clock: clock, accounts: accounts, origin: origin)
        self.slot = slot
        confirmedSlot = confirmed
        finalizedSlot = finalized
        transactionCount = count
        feesCollected = fees
        self.deltas = deltas
        oldestSlot = deltas.keys.min() ?? slot
        self.blockhashes = blockhashes
        self.history = history
        prioritizationFees = prices
        self.blocks = blocks
        self.landed = landed
    }

    /// The same state under a configuration's parameters, but for those that the genesis fixed.
    ///
    /// - Parameter configured: The parameters; rent, the fee for a signature and the length of an epoch are the ledger's.
    /// - Returns: The ledger; it remembers no more than the parameters let it.
    /// - Throws: ``SnapshotError/otherMarket``.
    func restored(with configured: LedgerParameters) throws(SnapshotError) -> Ledger {
        guard (origin ?? Origin(parameters.market)) == Origin(configured.market) else { throw .otherMarket }
        var merged = configured
        merged.rent = parameters.rent
        merged.lamportsPerSignature = parameters.lamportsPerSignature
        merged.slotsPerEpoch = parameters.slotsPerEpoch
        var ledger = self
        ledger.parameters = merged
        ledger.history.setLimit(merged.historyLimit)
        ledger.blocks.setLimit(merged.blockLimit, newest: slot)
        return ledger
    }

    /// Checks what the rest of the ledger relies on.
    func validate(times: ClosedRange<Int64>) throws(SnapshotError) {
        guard finalizedSlot <= confirmedSlot, confirmedSlot <= slot, slot < 1 << 60, transactionCount < 1 << 60 else {
            throw .malformed("the slots are out of order")
        }
        guard slot - oldestSlot < deltas.count, deltas.keys.allSatisfy({ $0 <= slot }), oldestSlot <= finalizedSlot
        else { throw .malformed("a slot's changes are missing") }
        guard parameters.slotsPerEpoch >= 1, parameters.slotsPerEpoch < 1 << 60,
            parameters.lamportsPerSignature.rawValue < 1 << 40, parameters.rent.lamportsPerByte < 1 << 32
        else { throw .malformed("a price or an epoch is out of range") }
        guard clock.slot <= slot, clock.epoch < 1 << 60, times.contains(clock.unixTimestamp),
            times.contains(clock.epochStartTimestamp)
        else { throw .malformed("the clock is out of range") }
        guard blockhashes.isConsistent(upTo: slot), blocks.isConsistent(upTo: slot) else {
            throw .malformed("a blockhash or a block is out of place")
        }
        guard accounts.values.allSatisfy({ $0.lamports > .zero }) else {
            throw .malformed("an account without lamports")
        }
        for record in history.all where !record.isConsistent(upTo: slot) {
            throw .malformed("the transaction \(record.signature) does not fit its record")
        }
    }

    /// What a snapshot says of the market that its genesis deployed.
    struct Origin: Sendable, Hashable {
        var program: Address
        var upgradeAuthority: Address
        var treasury: Address
    }
}

extension Ledger.SlotDelta: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(previous, signatures)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (previous, signatures) = try reader.read()
    }
}

extension LedgerAccount: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(lamports, data, owner, executable, rentEpoch)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (lamports, data, owner, executable, rentEpoch) = try reader.read()
    }
}

extension ClockSysvar: BorshCodable {
    func borshEncode(to writer: inout BorshWriter) throws(BorshError) {
        try writer.write(slot, epochStartTimestamp, epoch, leaderScheduleEpoch, unixTimestamp)
    }

    init(borshDecoding reader: inout BorshReader) throws(BorshError) {
        (slot, epochStartTimestamp, epoch, leaderScheduleEpoch, unixTimestamp) = try reader.read()
    }
}

extension Ledger.Origin {
    init(_ market: MarketDeployment) {
        program = market.program
        upgradeAuthority = market.upgradeAuthority.address
        treasury = market.treasury
    }
}
