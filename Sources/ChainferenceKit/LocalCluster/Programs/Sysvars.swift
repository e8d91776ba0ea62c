import Solana

/// The clock that programs read.
struct ClockSysvar: Sendable, Hashable {
    var slot: UInt64
    var epochStartTimestamp: Int64
    var epoch: UInt64
    var leaderScheduleEpoch: UInt64
    var unixTimestamp: Int64

    /// The 40 bytes of the sysvar account.
    var bytes: [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(40)
        bytes.append(little: slot)
        bytes.append(little: epochStartTimestamp)
        bytes.append(little: epoch)
        bytes.append(little: leaderScheduleEpoch)
        bytes.append(little: unixTimestamp)
        return bytes
    }

    init(slot: UInt64, epochStartTimestamp: Int64, epoch: UInt64, unixTimestamp: Int64) {
        self.slot = slot
        self.epochStartTimestamp = epochStartTimestamp
        self.epoch = epoch
        self.leaderScheduleEpoch = epoch + 1
        self.unixTimestamp = unixTimestamp
    }

    /// Reads the account back; nil if it is not a clock.
    init?(_ data: [UInt8]) {
        var reader = InstructionReader(data)
        guard let slot = reader.u64(), let start = reader.u64(), let epoch = reader.u64(),
            let leader = reader.u64(), let time = reader.u64()
        else { return nil }
        self.slot = slot
        self.epochStartTimestamp = Int64(bitPattern: start)
        self.epoch = epoch
        self.leaderScheduleEpoch = leader
        self.unixTimestamp = Int64(bitPattern: time)
    }
}

/// The hashes of the latest slots, newest first: a count (u64), then slot (u64) and hash of each.
struct SlotHashes: Sendable, Hashable {
    /// How many slots there are at most; as many a lookup table takes to close.
    static let maximumCount = 512

    private static let entryByteCount = 8 + Blockhash.byteCount

    /// The bytes of the sysvar account.
    let bytes: [UInt8]

    /// The sysvar account's data; empty data are no slots.
    init(_ data: [UInt8]) {
        bytes = data
    }

    private var count: Int { max(0, bytes.count - 8) / Self.entryByteCount }

    /// How many slots that are in the list are younger than one that is; nil if that one is not.
    func position(of slot: UInt64) -> Int? {
        bytes.withUnsafeBytes { bytes in
            (0..<count).first { index in
                UInt64(
                    littleEndian: bytes.loadUnaligned(fromByteOffset: 8 + index * Self.entryByteCount, as: UInt64.self)
                )
                    == slot
            }
        }
    }

    /// The list with one more slot at its head, and without those that are too many.
    func adding(_ slot: UInt64, _ hash: Blockhash) -> SlotHashes {
        let kept = min(count, Self.maximumCount - 1)
        var data: [UInt8] = []
        data.reserveCapacity(8 + (kept + 1) * Self.entryByteCount)
        data.append(little: UInt64(kept + 1))
        data.append(little: slot)
        hash.withUnsafeBytes { data.append(contentsOf: $0) }
        if kept > 0 { data.append(contentsOf: bytes[8..<8 + kept * Self.entryByteCount]) }
        return SlotHashes(data)
    }
}
