import InferenceMarket
import PeerChannel
import Solana
import Synchronization

/// A request that this provider holds or is taking, and everything that is known about it.
final class ActiveLock: Sendable {
    /// How far it has come.
    enum Phase: Hashable, Sendable {
        /// The lock transaction is on its way.
        case locking
        /// The chain says that it is ours.
        case locked
        /// The claim or the release is on its way.
        case settling
        /// It is over.
        case over
    }

    struct State: Sendable {
        var phase: Phase
        var lock: RequestAccount.Lock?
        var meter: ServerMeter?
        var isClosing = false
        var sessions = 0
        /// The newest session; it outlives its connections.
        var session: PeerServerSession?
        var isAnswering = false
        var lastActivity: UnixTime?
        var closedAt: UnixTime?
        var lastPromptNumber: UInt32 = 0
        var hasDelivered = false
        /// Whether this provider could not serve.
        var hasFailed = false
        /// Whether it was found after a crash: nobody knows any more what its client was told.
        var isOrphan = false
        /// Whether another server was seen to have the request, before anything was sent.
        var isTaken = false
        /// Whether a settlement is on its way now.
        var isInFlight = false
        /// After a failed settlement: not before this time again.
        var retryAt: UnixTime?
        var settlementFailures = 0

        func canBeSettled(at now: UnixTime) -> Bool {
            (phase == .locked || phase == .settling) && !isInFlight && (retryAt ?? now) <= now
        }

        /// Whether the client has nothing from this provider and expects nothing more.
        var hasFailedForGood: Bool { hasFailed && !hasDelivered && !isConnected }

        /// Whether there is a client; one that has just lost its connection will be back.
        var isConnected: Bool { sessions > 0 && (session?.disconnectedFor ?? .zero) < ActiveLock.patience }

        /// How the lock ended, as far as it has.
        var ending: ClaimPolicy.Ending {
            if isOrphan { return .abandoned }
            return hasFailed && !hasDelivered ? .failedToServe : .served
        }
    }

    /// How long a client that lost its connection counts as connected.
    static let patience = Duration.seconds(15)

    /// Which incarnation of which request.
    let id: LockID

    /// The request as it was when it was locked.
    let request: RequestAccount

    /// Who answers, on which offer; nil for what an earlier run left behind, which can't be served any more.
    let engagement: Engagement?

    /// A number from 0 to 1, drawn once.
    let jitter: Double

    let state: Mutex<State>

    init(id: LockID, request: RequestAccount, engagement: Engagement? = nil, jitter: Double = .random(in: 0...1)) {
        self.id = id
        self.request = request
        self.engagement = engagement
        self.jitter = jitter
        self.state = Mutex(State(phase: .locking))
    }

    /// The request's account.
    var address: Address { id.request }

    /// Whether the request named this provider, and was locked without a transaction of its own.
    var isDirect: Bool { request.flags.contains(.direct) }

    /// Takes over what the chain says about the lock.
    func adopt(_ lock: RequestAccount.Lock, isClosing: Bool, window: UInt64) {
        state.withLock { state in
            if state.phase == .locking { state.phase = .locked }
            state.lock = lock
            state.isClosing = state.isClosing || isClosing
            if state.meter == nil {
                state.meter = ServerMeter(
                    terms: lock.terms,
                    stake: request.stake,
                    credit: request.credit,
                    window: window
                )
            }
        }
    }

    /// What the claim policy wants to know; nil until the chain has confirmed the lock.
    func situation(isDraining: Bool) -> ClaimPolicy.Situation? {
        state.withLock { state in
            guard let lock = state.lock else { return nil }
            return ClaimPolicy.Situation(
                lockedAt: lock.lockedAt,
                deadline: lock.deadline,
                // What can't be served is given back as soon as its client has heard so.
                isClosing: state.isClosing || state.isOrphan || state.hasFailedForGood,
                isConnected: state.isConnected,
                isAnswering: state.isAnswering,
                lastActivity: state.lastActivity,
                closedAt: state.closedAt,
                jitter: jitter,
                isDraining: isDraining
            )
        }
    }

    /// Whether a settlement may begin.
    func canBeSettled(at now: UnixTime) -> Bool {
        state.withLock { $0.canBeSettled(at: now) }
    }

    /// Marks the lock as being settled.
    ///
    /// - Returns: Whether it may be; false when somebody else was faster.
    func beginSettlement(at now: UnixTime, isDraining: Bool) -> Bool {
        state.withLock { state in
            guard state.canBeSettled(at: now) else { return false }
            state.phase = .settling
            state.isInFlight = true
            if isDraining, state.lastActivity == nil { state.hasFailed = true }
            return true
        }
    }

    /// Whether an answer may go on: the lock is ours and nobody has begun to settle it.
    var mayServe: Bool {
        state.withLock { $0.phase == .locked && !$0.isClosing && !$0.isOrphan }
    }
}
