import Solana
import Synchronization

/// The newest slots that were seen at each commitment, so that no later answer goes back in time.
final class SlotWatermark: Sendable {
    private let slots = Mutex<[UInt64]>([0, 0, 0])

    /// The slot that an answer at `commitment` has to have reached; nil if none was seen.
    func minimum(for commitment: Commitment) -> UInt64? {
        let slot = slots.withLock { $0[commitment.rank] }
        return slot == 0 ? nil : slot
    }

    /// Notes an answer.
    ///
    /// What is finalized is also confirmed, what is confirmed is also processed.
    func observe(_ slot: UInt64, at commitment: Commitment) {
        slots.withLock { slots in
            for rank in 0...commitment.rank { slots[rank] = max(slots[rank], slot) }
        }
    }
}

extension Commitment {
    /// 0 for processed, 1 for confirmed, 2 for finalized.
    var rank: Int {
        switch self {
        case .processed: 0
        case .confirmed: 1
        case .finalized: 2
        }
    }
}
