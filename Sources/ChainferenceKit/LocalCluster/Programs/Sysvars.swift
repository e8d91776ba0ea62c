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
