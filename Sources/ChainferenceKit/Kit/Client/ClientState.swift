import Solana
import Synchronization

/// What all copies of a client share in memory.
final class ClientState: Sendable {
    /// The requests that a session of this process works on: not to be swept.
    let active = ActiveRequests()

    /// What was seen of servers.
    let latencies = LatencyBook()

    /// Decides about exploration.
    let generator: Mutex<ExplorationGenerator>

    /// Counts tokens exactly, if the caller can.
    let tokenCounter: (any TokenCounter)?

    init(seed: UInt64?, tokenCounter: (any TokenCounter)? = nil) {
        self.tokenCounter = tokenCounter
        generator = Mutex(ExplorationGenerator(seed: seed ?? .random(in: .min ... .max)))
    }
}

/// The requests that are in use.
final class ActiveRequests: Sendable {
    private let addresses = Mutex<Set<Address>>([])

    func insert(_ address: Address) { addresses.withLock { _ = $0.insert(address) } }

    func remove(_ address: Address) { addresses.withLock { _ = $0.remove(address) } }

    func contains(_ address: Address) -> Bool { addresses.withLock { $0.contains(address) } }
}
