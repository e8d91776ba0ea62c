import InferenceMarket
import PeerChannel
import Solana
import SolanaRPC
import Synchronization

// Requests that name this provider. The program locks them as they are created, on the listed terms, without asking: a
// client connects first, publishes then, and the provider acts only on those whose client has come. The others cost it
// nothing and count for nothing; their clients get the stake back at the deadline.

extension ProviderEngine {
    /// The shortest time between two lookups of what connected clients wait for.
    private static let lookupPause = Duration.seconds(1)

    /// The request that a connected client has named, as soon as the chain has confirmed it.
    func awaitRequest(_ address: Address) async throws -> RequestAccount {
        // Better before the client pays than after.
        guard state.withLock({ freeSlots(in: $0) }) > 0 else { throw Self.busy }
        do {
            let account = try await room.wait(for: address, within: configuration.directRequestWait, time: time)
            guard !isDraining else { throw PeerErrorMessage(.shuttingDown) }
            guard let account else { throw PeerErrorMessage(.requestUnknown) }
            return account
        } catch is WaitingRoom.Full {
            throw Self.busy
        }
    }

    /// Takes a direct request whose client is connected into the book.
    ///
    /// The record is on disk before the client is admitted, so that a crash finds the lock again.
    func takeDirect(_ account: RequestAccount, _ lock: RequestAccount.Lock, _ id: LockID) async throws -> ActiveLock {
        let active = ActiveLock(id: id, request: account, engagement: plan.engagement(for: account.model))
        active.adopt(lock, isClosing: false, window: configuration.voucherWindow)
        let refusal: LockPolicy.Reason? = state.withLock { state in
            // Another connection for the same request was faster.
            guard state.locks[id.request] == nil else { return .notOpen }
            guard let situation = situation(in: state) else { return .busy }
            let refusal = lockPolicy.refusal(ofDirect: account, lock, in: situation)
            if refusal == nil { state.locks[id.request] = active }
            return refusal
        }
        switch refusal {
        case nil: break
        case .notOpen?:
            guard let other = self.active(id) else { throw PeerErrorMessage(.requestOver) }
            return other
        case .busy?:
            try await giveBack(active)
            throw Self.busy
        case .modelNotServed?:
            try await giveBack(active)
            throw PeerErrorMessage(.modelUnavailable, retryAfter: .seconds(30))
        case .stakeTooSmall?, .unprofitable?: throw PeerErrorMessage(.stakeTooSmall)
        default: throw PeerErrorMessage(.requestNotLockedHere)
        }
        do {
            try await store.save(record(of: active, .locked))
        } catch {
            drop(active)
            throw error
        }
        report(.locked(request: active.address, terms: lock.terms, deadline: lock.deadline))
        return active
    }

    /// Ends a direct request that was paid for in good faith and can't be served after all: nobody but this provider could
    /// let its client have the stake at once.
    ///
    /// It costs a transaction fee, or a share of one. Only a connected client that has proved to be the request's gets that
    /// far, and only in the moment between the provider's word that it is free and the chain's that it is paid.
    private func giveBack(_ active: ActiveLock) async throws {
        let isFirst = state.withLock { state in
            guard state.locks[active.address] == nil else { return false }
            active.state.withLock { lock in
                lock.hasFailed = true
                lock.closedAt = time.now
            }
            state.locks[active.address] = active
            return true
        }
        guard isFirst else { return }
        do {
            try await store.save(record(of: active, .locked))
        } catch {
            drop(active)
            throw error
        }
        wake.yield()
    }

    /// Asks the chain for what connected clients wait for: all of it at once, and at most once a second.
    ///
    /// The subscription is usually faster; this is for what it lost, and for what was there before the client came.
    func lookForAwaited() async throws {
        for await _ in room.arrivals {
            while true {
                let awaited = Array(room.awaited)
                guard !awaited.isEmpty else { break }
                do {
                    for found in try await chain.requests(at: awaited) {
                        room.announce(found.account, at: found.address)
                    }
                } catch {
                    try Task.checkCancellation()
                    report(.chainTrouble(reason: "\(error)"))
                }
                try await time.sleep(for: Self.lookupPause)
            }
        }
    }

    private static var busy: PeerErrorMessage { PeerErrorMessage(.busy, retryAfter: .seconds(5)) }
}
