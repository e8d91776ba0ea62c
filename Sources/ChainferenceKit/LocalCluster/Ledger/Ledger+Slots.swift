import Solana

/// What a new slot brings to those who listen.
struct SlotAdvance: Sendable {
    var slot: UInt64
    var parent: UInt64
    var root: UInt64

    /// The clock's time in the new slot, in seconds since 1970.
    var unixTimestamp: Int64

    /// How many transactions landed in the slot that ended, and how many of them failed.
    var landed: UInt64
    var failed: UInt64

    /// The slots that reached confirmation and finality with it, oldest first, and what happened in them.
    var confirmed: [SlotSummary]
    var finalized: [SlotSummary]
}

/// What happened in one slot.
struct SlotSummary: Sendable {
    var slot: UInt64

    /// The changed accounts as they were at the slot's end; nil for those that ceased to be.
    var changes: [AccountChange]

    var transactions: [TransactionRecord]
}

/// An account after a change, or nil if it is gone.
struct AccountChange: Sendable {
    var address: Address
    var account: LedgerAccount?
}

extension Ledger {
    /// Ends the slot and begins the next one, with a new blockhash.
    ///
    /// - Parameter unixTimestamp: The clock's time in the new slot; it never goes back.
    public mutating func advanceSlot(unixTimestamp: Int64) {
        _ = beginSlot(unixTimestamp: unixTimestamp, isHeard: false)
    }

    /// Ends the slot, begins the next one, and says what reached which commitment level with that.
    ///
    /// - Parameters:
    ///   - unixTimestamp: The clock's time in the new slot; it never goes back.
    ///   - holdsConfirmations: Whether no slot becomes confirmed or finalized now; the next call makes up for it.
    ///   - isHeard: Whether somebody listens: else nothing is summed up, which takes time in proportion to the
    ///     transactions.
    /// - Returns: What reached which level; without any transaction and summary if nobody listens.
    mutating func beginSlot(
        unixTimestamp: Int64,
        holdsConfirmations: Bool = false,
        isHeard: Bool = true
    ) -> SlotAdvance {
        let parent = slot
        let ended = isHeard ? deltas[slot]?.signatures ?? [] : []
        slot += 1
        blockhashes.register(blockhash(offeredIn: slot), height: slot)
        deltas[slot] = SlotDelta()
        let confirmed = holdsConfirmations ? [] : raise(\.confirmedSlot, age: parameters.confirmationAge, isHeard)
        let finalized = holdsConfirmations ? [] : raise(\.finalizedSlot, age: parameters.finalizationAge, isHeard)
        blockhashes.forget(before: oldestSlot)
        forgetExpiredMessages()
        prioritizationFees.beginSlot(slot)
        let epoch = slot / parameters.slotsPerEpoch
        clock = ClockSysvar(
            slot: slot,
            epochStartTimestamp: epoch == clock.epoch ? clock.epochStartTimestamp : unixTimestamp,
            epoch: epoch,
            unixTimestamp: max(clock.unixTimestamp, unixTimestamp)
        )
        blocks.begin(slot, time: clock.unixTimestamp)
        storeSysvar(clock.bytes, at: WellKnownAddress.clock)
        storeSysvar(recentBlockhashes, at: Sysvar.recentBlockhashes)
        let slotHashes = SlotHashes(account(Sysvar.slotHashes)?.data ?? [])
        storeSysvar(slotHashes.adding(parent, blockhash(offeredIn: slot)).bytes, at: Sysvar.slotHashes)
        return SlotAdvance(
            slot: slot,
            parent: parent,
            root: finalizedSlot,
            unixTimestamp: clock.unixTimestamp,
            landed: UInt64(ended.count),
            failed: UInt64(ended.count { history[$0]?.error != nil }),
            confirmed: confirmed,
            finalized: finalized
        )
    }

    /// Moves a mark up to the slot of an age, and says what happened in the slots that it passed.
    private mutating func raise(
        _ mark: WritableKeyPath<Ledger, UInt64>,
        age: UInt64,
        _ isHeard: Bool
    ) -> [SlotSummary] {
        guard slot > age, slot - age > self[keyPath: mark] else { return [] }
        let passed = self[keyPath: mark] + 1...slot - age
        let summaries = isHeard ? passed.map { summary(of: $0) } : []
        self[keyPath: mark] = slot - age
        // Reading at the oldest slot needs what came after it, and nothing before.
        let kept = finalizedSlot - min(finalizedSlot, parameters.retainedSlots)
        while oldestSlot < kept {
            deltas[oldestSlot] = nil
            oldestSlot += 1
        }
        return summaries
    }

    private func summary(of slot: UInt64) -> SlotSummary {
        let delta = deltas[slot] ?? SlotDelta()
        return SlotSummary(
            slot: slot,
            changes: delta.previous.keys.sorted().map { address in
                AccountChange(address: address, account: account(address, atSlot: slot))
            },
            transactions: delta.signatures.compactMap { history[$0] }
        )
    }

    /// The deprecated sysvar that nonce instructions still name: the latest blockhashes, newest first, and their fee.
    private var recentBlockhashes: [UInt8] {
        let heights = (slot > 149 ? slot - 149 : 0)...slot
        var bytes: [UInt8] = []
        bytes.reserveCapacity(8 + 40 * heights.count)
        bytes.append(little: UInt64(heights.count))
        for height in heights.reversed() {
            blockhashes.hash(at: height)?.withUnsafeBytes { bytes.append(contentsOf: $0) }
            bytes.append(little: parameters.lamportsPerSignature.rawValue)
        }
        return bytes
    }

    /// The blockhash that transactions can name from a slot on: the hash of the block before.
    func blockhash(offeredIn slot: UInt64) -> Blockhash {
        if slot == 0 { return genesisHash }
        var bytes = genesisHash.bytes
        bytes.append(little: slot)
        return Self.hash(bytes)
    }

    /// A blockhash that no transaction can name any more, and a block height that has passed.
    var expiredBlockhash: (blockhash: Blockhash, lastValidBlockHeight: UInt64) {
        let age = BlockhashQueue.maximumAge + 1
        // A young chain has none yet: then it is one that never was.
        let hash = slot > age ? blockhash(offeredIn: slot - age) : Self.hash(genesisHash.bytes + [0])
        return (hash, slot > 1 ? slot - 1 : 0)
    }

    private mutating func forgetExpiredMessages() {
        guard slot > BlockhashQueue.maximumAge + 1,
            let expired = blockhashes.hash(at: slot - BlockhashQueue.maximumAge - 1)
        else { return }
        landed[expired] = nil
    }
}
