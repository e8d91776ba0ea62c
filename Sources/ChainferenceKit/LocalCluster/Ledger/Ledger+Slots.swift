import Solana

/// What a new slot brings to those who listen.
struct SlotAdvance: Sendable {
    var slot: UInt64
    var parent: UInt64
    var root: UInt64

    /// The slots that reached confirmation and finality with it, and what happened in them.
    var confirmed: SlotSummary?
    var finalized: SlotSummary?
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
        _ = beginSlot(unixTimestamp: unixTimestamp)
    }

    /// Ends the slot, begins the next one, and says what reached which commitment level with that.
    mutating func beginSlot(unixTimestamp: Int64) -> SlotAdvance {
        let parent = slot
        slot += 1
        blockhashes.register(nextBlockhash(), height: slot)
        deltas[slot] = SlotDelta()
        let root = slot(at: .finalized)
        // One more than the finalized slot's successors is kept: reading at the root needs everything after it.
        if root > 0 { deltas[root - 1] = nil }
        forgetExpiredMessages()
        prioritizationFees.beginSlot(slot)
        let epoch = slot / parameters.slotsPerEpoch
        clock = ClockSysvar(
            slot: slot,
            epochStartTimestamp: epoch == clock.epoch ? clock.epochStartTimestamp : unixTimestamp,
            epoch: epoch,
            unixTimestamp: max(clock.unixTimestamp, unixTimestamp)
        )
        storeSysvar(clock.bytes, at: WellKnownAddress.clock)
        storeSysvar(recentBlockhashes, at: Sysvar.recentBlockhashes)
        return SlotAdvance(
            slot: slot,
            parent: parent,
            root: root,
            confirmed: slot > parameters.confirmationAge ? summary(of: slot(at: .confirmed)) : nil,
            finalized: root > 0 ? summary(of: root) : nil
        )
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

    private func nextBlockhash() -> Blockhash {
        var bytes = genesisHash.bytes
        bytes.append(little: slot)
        return Self.hash(bytes)
    }

    private mutating func forgetExpiredMessages() {
        guard slot > BlockhashQueue.maximumAge + 1,
            let expired = blockhashes.hash(at: slot - BlockhashQueue.maximumAge - 1)
        else { return }
        landed[expired] = nil
    }
}
