/// Tells stale notifications: those from a slot before the last one of the same account.
struct SlotOrder {
    /// How many accounts are remembered at most.
    let capacity: Int
    private var last: [String: UInt64] = [:]

    init(capacity: Int = 65_536) {
        self.capacity = max(2, capacity)
    }

    /// Whether a notification is as new as the last one of its account; remembers it if so.
    mutating func admit(_ account: String, slot: UInt64) -> Bool {
        if let known = last[account] {
            guard slot >= known else { return false }
        } else if last.count >= capacity {
            forgetOldest()
        }
        last[account] = slot
        return true
    }

    /// Forgets the half that has been quiet for longest, whose stale notifications are long over.
    private mutating func forgetOldest() {
        let slots = last.values.sorted()
        let median = slots[slots.count / 2]
        last = last.filter { $0.value > median }
    }

    var count: Int { last.count }
}
