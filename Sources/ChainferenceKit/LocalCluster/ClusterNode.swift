import Solana

/// One of a cluster's front ends: the node that knows everything at once, or the one that hears of it later.
struct ClusterNode: Sendable {
    let cluster: LocalCluster

    /// How many slots late it hears of everything.
    let lag: UInt64

    let rpcPort: Int

    /// Nil for the port after ``rpcPort``, or any free one if that is 0.
    let pubSubPort: Int?

    /// The newest slot that has reached a commitment level, as far as this node knows.
    func slot(at commitment: Commitment, in ledger: Ledger) -> UInt64 {
        let slot = ledger.slot(at: commitment)
        return lag == 0 ? slot : max(ledger.oldestSlot, slot > lag ? slot - lag : 0)
    }

    /// The subscriptions of those who listen to this node.
    var subscriptions: any WritableKeyPath<LocalCluster.State, SubscriptionHub> & Sendable {
        lag == 0 ? \.subscriptions : \.lagging.subscriptions
    }
}

/// What the lagging node has not told its listeners yet, slot by slot.
struct LaggingFeed: Sendable {
    private enum Event: Sendable {
        case began(SlotAdvance)
        case landed(ProcessedTransaction)
    }

    var subscriptions = SubscriptionHub()

    private var waiting: [UInt64: [Event]] = [:]

    /// Keeps what a transaction did until its slot is due.
    mutating func keep(_ processed: ProcessedTransaction) {
        waiting[processed.record.slot, default: []].append(.landed(processed))
    }

    /// Keeps what a new slot brought, and tells of the slot that is due now.
    mutating func begin(_ advance: SlotAdvance, lag: UInt64) {
        waiting[advance.slot, default: []].append(.began(advance))
        guard advance.slot > lag else { return }
        for event in waiting.removeValue(forKey: advance.slot - lag) ?? [] {
            switch event {
            case .began(let advance): subscriptions.publish(advance)
            case .landed(let processed): subscriptions.publish(processed)
            }
        }
    }
}
