import Inference
import InferenceMarket
import Logging
import PeerChannel
import SodiumCrypto
import Solana
import SolanaRPC
import Synchronization

/// A running provider: the book of its locks, and the tasks that work on it.
///
/// The decisions are made by ``LockPolicy``, ``ClaimPolicy`` and ``ServerMeter``; this type carries them out. All state is
/// in one mutex, nothing is awaited with it held, and every task lives in the scope of ``run()``.
final class ProviderEngine: Sendable {
    struct State: Sendable {
        /// The locks that are held or being taken, by request.
        var locks: [Address: ActiveLock] = [:]
        /// The provider's own account as it was last read.
        var server: ServerAccount?
        /// The market's fee as it was last read.
        var fee = BasisPoints.zero
        /// Which backends may be given work.
        var health: [Provider.BackendName: BackendHealth] = [:]
        /// Whether the listings on the chain may differ from what is offered.
        var listingsAreStale = false
        /// How lock attempts ended lately.
        var races = LockRaces()
        /// Requests that were looked at and left alone, and until when they can be locked.
        var left: [LockID: UnixTime] = [:]
        /// What was counted since the start.
        var counts = ProviderStatus.Counts()
        /// When the chain was last read.
        var chainContact: Duration?
        var peerServer: PeerServer?
        var isDraining = false
        var drainingSince: Duration?
        var sessionsEnded = false
        /// The port that is listened on.
        var port = 0
        /// The addresses that were published since the start, newest first.
        var addresses: [String] = []
        /// Whether somebody looks after the peer keys just now.
        var isRenewingKeys = false
        /// Whether the address on the chain may be an older one.
        var addressIsStale = false
        /// When the books were last cleared of what is old.
        var prunedAt: UnixTime?
    }

    let provider: Provider
    let chain: MarketChain
    let pubsub: PubSubClient
    let store: ProviderStore
    let time: ChainTime
    /// The key that was published at the start.
    let identity: X25519.PrivateKey
    let keys: Mutex<PeerKeyRing>
    let serverAddress: Address
    let state = Mutex(State())

    /// What is sold now, and how; taken last, so that it may be asked for with ``state`` held.
    let currentPlan: Mutex<Provider.Plan>

    /// Wakes the settling of locks; the newest of several wakes is enough.
    let wakes: AsyncStream<Void>
    let wake: AsyncStream<Void>.Continuation

    /// Clients that have connected before their request was seen.
    let room: WaitingRoom

    /// The locks to take.
    let candidates: AsyncStream<Candidate>
    let candidate: AsyncStream<Candidate>.Continuation

    /// A lock that was decided on and has its slot.
    struct Candidate: Sendable {
        let lock: ActiveLock
        let listingIndex: UInt8
    }

    var plan: Provider.Plan { currentPlan.withLock { $0 } }
    var configuration: Provider.Configuration { currentPlan.withLock { $0.configuration } }
    /// Where clients are sent to.
    var peerAddress: String { state.withLock { $0.addresses.first ?? "" } }
    var wallet: Wallet { provider.wallet }
    var market: Market { provider.market }

    init(provider: Provider, chain: MarketChain, pubsub: PubSubClient, store: ProviderStore) async throws {
        self.provider = provider
        self.chain = chain
        self.pubsub = pubsub
        self.store = store
        currentPlan = Mutex(provider.plan)
        room = WaitingRoom(capacity: provider.plan.configuration.maximumDirectWaiters)
        serverAddress = provider.market.server(of: provider.wallet.address)
        (wakes, wake) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        // Never more than the slots: a candidate is made only with a slot reserved.
        (candidates, candidate) = AsyncStream.makeStream(bufferingPolicy: .unbounded)
        guard let account = try await chain.marketAccount() else {
            throw ProviderError.noMarket(program: provider.market.program)
        }
        time = ChainTime(clock: ContinuousClock(), now: try await chain.now())
        let ring = try await Self.loadKeys(
            store,
            now: time.now,
            maximumAge: provider.plan.configuration.peerKeyAge
        )
        identity = ring.current.key
        keys = Mutex(ring)
        state.withLock { $0.fee = account.fee }
    }

    private enum Role: Sendable {
        /// The engine is done when all of these are.
        case foreground
        /// Runs until it is cancelled.
        case background
    }

    /// Runs until drained or cancelled.
    func run() async throws {
        try await recover()
        let server = makePeerServer()
        state.withLock { $0.peerServer = server }
        // The server's closures hold the engine.
        defer { state.withLock { $0.peerServer = nil } }
        // A shutdown that came first found no server to drain.
        if isDraining { server.drain() }
        try await withThrowingTaskGroup(of: Role.self) { group in
            let (listening, signal) = AsyncStream<Void>.makeStream()
            group.addTask {
                defer { signal.finish() }
                do {
                    try await server.run { port in
                        try await self.register(listeningOn: port)
                        signal.yield()
                    }
                } catch PeerError.unreachable(let place, let reason) {
                    throw ProviderError.cannotListen(at: place, reason: reason)
                }
                self.endSessions()
                return .foreground
            }
            var isListening = false
            for await _ in listening {
                isListening = true
                break
            }
            guard isListening else { return try await group.waitForAll() }
            group.addTask {
                try await self.settleAsDue()
                return .foreground
            }
            group.addTask {
                await self.takeLocks()
                return .background
            }
            group.addTask {
                try await self.watch()
                return .background
            }
            group.addTask {
                try await self.reconcileRegularly()
                return .background
            }
            group.addTask {
                try await self.lookForAwaited()
                return .background
            }
            group.addTask {
                try await self.watchRivals()
                return .background
            }
            group.addTask {
                try await self.beat()
                return .background
            }
            group.addTask {
                try await self.watchBackends()
                return .background
            }
            group.addTask {
                try await self.tick()
                return .background
            }
            var foreground = 2
            while foreground > 0, let role = try await group.next() {
                if role == .foreground { foreground -= 1 }
            }
            group.cancelAll()
        }
    }

    /// Takes no new locks from now on; ``run()`` ends when everything is answered and settled.
    func drain() {
        let server: PeerServer? = state.withLock { state in
            guard !state.isDraining else { return nil }
            state.isDraining = true
            state.drainingSince = time.uptime
            return state.peerServer
        }
        report(.draining)
        candidate.finish()
        room.close()
        server?.drain()
        wake.yield()
    }

    /// Wakes the settling now and then, because time alone makes claims due.
    private func tick() async throws {
        while true {
            try await time.sleep(for: .milliseconds(500))
            wake.yield()
        }
    }

    private func endSessions() {
        state.withLock { $0.sessionsEnded = true }
        wake.yield()
    }

    var lockPolicy: LockPolicy {
        let configuration = configuration
        return LockPolicy(
            fees: configuration.fees,
            profitFloor: configuration.profitFloor,
            expectedUsage: configuration.expectedUsage,
            maximumLocks: max(1, configuration.concurrency)
        )
    }

    var claimPolicy: ClaimPolicy {
        let configuration = configuration
        return ClaimPolicy(
            idleSeconds: configuration.idleLimit.components.seconds,
            maximumDelay: configuration.claimDelay.components.seconds,
            fees: configuration.fees
        )
    }

    var isDraining: Bool { state.withLock { $0.isDraining } }

    func report(_ event: ProviderEvent) {
        let level: Logger.Level =
            switch event {
            case .left: .debug
            case .lockFailed, .refused, .failed, .settlementFailed, .backendTrouble, .chainTrouble: .warning
            default: .info
            }
        state.withLock { state in
            state.counts.count(event, model: event.request.flatMap { state.locks[$0]?.request.model })
        }
        provider.logger.log(level: level, "\(event)", metadata: event.metadata)
        provider.onEvent(event)
    }
}
