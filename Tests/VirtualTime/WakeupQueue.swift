/// When a sleeper is to be woken.
struct Wakeup {
    let deadline: Duration
    let id: UInt64

    static func < (one: Self, other: Self) -> Bool {
        one.deadline == other.deadline ? one.id < other.id : one.deadline < other.deadline
    }
}

/// A binary heap, the earliest wakeup first.
struct WakeupQueue {
    private var heap: [Wakeup] = []

    mutating func insert(_ wakeup: Wakeup) {
        var index = heap.count
        heap.append(wakeup)
        while index > 0, heap[index] < heap[(index - 1) / 2] {
            heap.swapAt(index, (index - 1) / 2)
            index = (index - 1) / 2
        }
    }

    mutating func popFirst() -> Wakeup? {
        guard !heap.isEmpty else { return nil }
        heap.swapAt(0, heap.count - 1)
        let first = heap.removeLast()
        var index = 0
        while true {
            var least = index
            for child in [2 * index + 1, 2 * index + 2] where child < heap.count && heap[child] < heap[least] {
                least = child
            }
            guard least != index else { return first }
            heap.swapAt(index, least)
            index = least
        }
    }
}
