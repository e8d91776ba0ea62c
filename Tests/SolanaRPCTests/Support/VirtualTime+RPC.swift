import SolanaRPC
import VirtualTime

extension VirtualTime {
    /// The time and the chance of a client that runs in this machine.
    var environment: RPCEnvironment {
        RPCEnvironment(
            clock: MonotonicClock(now: { self.now }, sleep: { try await self.sleep(for: $0) }),
            random: { self.random() }
        )
    }
}
