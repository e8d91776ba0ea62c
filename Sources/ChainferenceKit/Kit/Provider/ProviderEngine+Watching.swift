import Inference
import InferenceMarket
import Solana
import SolanaRPC
import Synchronization

extension ProviderEngine {
    /// Looks at every change of a request as soon as it happens.
    func watch() async throws {
        while true {
            do {
                try await pubsub.withProgramSubscription(market.program, filters: MarketQuery.requests.filters) {
                    events in
                    for try await event in events {
                        if event.requiresReconciliation { try await self.reconcileOrReport() }
                        guard let keyed = event.value, keyed.account.owner == self.market.program,
                            let account = try? RequestAccount(decoding: keyed.account.data)
                        else { continue }
                        self.consider(account, at: keyed.address)
                    }
                }
            } catch {
                try Task.checkCancellation()
                report(.chainTrouble(reason: "the subscription ended: \(error)"))
            }
            // Meanwhile the regular reconciliation finds what happens.
            try await time.sleep(for: .seconds(5))
        }
    }

    /// Hears as early as possible that another server has a request which is about to be locked here.
    ///
    /// What is only processed may still be undone, so nothing is decided by it but to leave a request alone.
    func watchRivals() async throws {
        while true {
            do {
                try await pubsub.withProgramSubscription(
                    market.program,
                    filters: MarketQuery.requests.filters,
                    commitment: .processed
                ) { events in
                    for try await event in events {
                        guard let keyed = event.value, keyed.account.owner == self.market.program,
                            let account = try? RequestAccount(decoding: keyed.account.data)
                        else { continue }
                        self.noteRival(account, at: keyed.address)
                    }
                }
            } catch {
                try Task.checkCancellation()
                report(.chainTrouble(reason: "the subscription ended: \(error)"))
            }
            try await time.sleep(for: .seconds(5))
        }
    }

    private func noteRival(_ account: RequestAccount, at address: Address) {
        guard let lock = account.state.lock, lock.server != serverAddress else { return }
        let active = active(LockID(request: address, createdSlot: account.createdSlot))
        active?.state.withLock { $0.isTaken = true }
    }

    /// Reads the state at intervals, because subscriptions lose things.
    func reconcileRegularly() async throws {
        while true {
            try await reconcileOrReport()
            try await time.sleep(for: configuration.reconcileInterval)
        }
    }

    private func reconcileOrReport() async throws {
        do {
            try await reconcile()
        } catch {
            try Task.checkCancellation()
            report(.chainTrouble(reason: "\(error)"))
        }
    }

    /// Reads the own account, the open requests for what is offered, and the requests that are locked here.
    func reconcile() async throws {
        time.observe(try await chain.now())
        try await settleBooks()
        let server = try await chain.server(of: wallet.address)?.account
        let fee = try await chain.marketAccount()?.fee
        let now = time.now
        state.withLock { state in
            state.server = server ?? state.server
            state.chainContact = time.uptime
            state.fee = fee ?? state.fee
            state.left = state.left.filter { $0.value >= now }
        }
        if state.withLock({ $0.listingsAreStale && !$0.isDraining }) { try await updateListings() }
        for found in try await chain.requests(.requests(lockedBy: serverAddress)) {
            consider(found.account, at: found.address)
        }
        // After what earns money: trouble with these must not keep a lock from being found.
        try await renewKeys()
        try await pruneBooks()
        guard !isDraining else { return }
        for offer in plan.offers {
            for found in try await chain.requests(.openRequests(for: offer.model.hash)).shuffled() {
                consider(found.account, at: found.address)
            }
        }
    }

    /// Looks at a request and acts on it if it is one for this provider.
    func consider(_ account: RequestAccount, at address: Address) {
        let id = LockID(request: address, createdSlot: account.createdSlot)
        room.announce(account, at: address)
        switch account.state {
        case .open:
            considerLocking(account, id)
        case .locked(let lock) where lock.server == serverAddress:
            if let active = active(id) {
                active.adopt(lock, isClosing: account.flags.contains(.closing), window: configuration.voucherWindow)
                if account.flags.contains(.closing) { wake.yield() }
            } else if !account.flags.contains(.direct),
                time.now <= lock.deadline.advanced(bySeconds: Self.secondsOfDoubt)
            {
                // A direct one is taken up when its client comes; those of an earlier run are in the store. One that is
                // past its deadline is its client's to end.
                adoptOrphan(account, lock, id)
            }
        case .locked, .claimed:
            noteRival(account, at: address)
        }
    }

    /// Asks the backends at intervals what they serve, so that nothing is locked that they can't answer.
    func watchBackends() async throws {
        while true {
            try await time.sleep(for: .seconds(BackendHealth.firstRest))
            try await withThrowingDiscardingTaskGroup { group in
                for (name, backend) in plan.backends {
                    group.addTask { try await self.look(after: backend, name) }
                }
            }
        }
    }

    private func look(after backend: any InferenceBackend, _ name: Provider.BackendName) async throws {
        var models: [String] = []
        do {
            models = try await backend.models()
        } catch {
            try Task.checkCancellation()
            report(.backendTrouble(name, reason: "\(error)"))
        }
        state.withLock { $0.health[name, default: BackendHealth()].observe(available: models) }
    }

    /// The active lock of exactly this incarnation.
    func active(_ id: LockID) -> ActiveLock? {
        state.withLock { $0.locks[id.request].flatMap { $0.id == id ? $0 : nil } }
    }

    /// What the lock policy wants to know; nil until the provider is registered.
    func situation(in state: State) -> LockPolicy.Situation? {
        guard let server = state.server else { return nil }
        let now = time.now
        return LockPolicy.Situation(
            server: server,
            served: Set(
                plan.offers.filter {
                    state.health[$0.backend, default: BackendHealth()].serves($0.backendModel, at: now)
                }.map(\.model.hash)
            ),
            fee: state.fee,
            locks: occupiedSlots(in: state, now: now),
            chance: state.races.chance(at: now),
            now: now
        )
    }

    /// How many locks could be taken now.
    func freeSlots(in state: State) -> Int {
        max(0, lockPolicy.maximumLocks - occupiedSlots(in: state, now: time.now))
    }

    private func occupiedSlots(in state: State, now: UnixTime) -> Int {
        state.locks.values.count { lock in
            // What has no situation yet is being locked.
            lock.situation(isDraining: false).map { claimPolicy.occupiesSlot($0, now: now) } ?? true
        }
    }

    private func considerLocking(_ account: RequestAccount, _ id: LockID) {
        let outcome: (candidate: Candidate?, left: LockPolicy.Reason?) = state.withLock { state in
            guard !state.isDraining, state.locks[id.request] == nil, state.left[id] == nil,
                let situation = situation(in: state)
            else {
                return (nil, nil)
            }
            switch lockPolicy.decide(account, in: situation) {
            case .lock(let index, _):
                let lock = ActiveLock(id: id, request: account, engagement: plan.engagement(for: account.model))
                state.locks[id.request] = lock
                return (Candidate(lock: lock, listingIndex: index), nil)
            case .leave(.busy), .leave(.modelNotServed), .leave(.contested):
                // A slot may be free, the backend back, or the race over, the next time that it is looked at.
                return (nil, nil)
            case .leave(let reason):
                state.left[id] = account.expiresAt
                return (nil, reason)
            }
        }
        if let candidate = outcome.candidate { self.candidate.yield(candidate) }
        if let reason = outcome.left { report(.left(request: id.request, reason: "\(reason)")) }
    }
}
