public import InferenceMarket
import Synchronization

/// What a provider is doing, in numbers, for health checks and metrics.
///
/// Never a prompt, an answer or a key.
public struct ProviderStatus: Hashable, Sendable {
    /// How far it has come.
    public enum Phase: String, Sendable, CaseIterable {
        /// It does not run, or has not reached the cluster yet.
        case stopped
        /// It runs, and is not registered yet.
        case starting
        /// It takes requests.
        case serving
        /// It finishes what runs, and takes nothing new.
        case draining
    }

    /// A backend, and whether it may be given work.
    public struct Backend: Hashable, Sendable {
        /// Its name.
        public var name: Provider.BackendName
        /// Whether it serves all that is offered of it, and is not resting after a failure.
        public var isServing: Bool

        /// Names a backend.
        public init(name: Provider.BackendName, isServing: Bool) {
            self.name = name
            self.isServing = isServing
        }
    }

    /// What was counted for one model.
    public struct ModelCounts: Hashable, Sendable {
        /// Answers that ended, by the word for their end.
        public var answers: [String: Int] = [:]
        /// Tokens of the prompts that were answered.
        public var inputTokens: UInt64 = 0
        /// Tokens of the answers.
        public var outputTokens: UInt64 = 0
        /// Claims that landed.
        public var claims = 0
        /// What they charged.
        public var charged = Lamports.zero
    }

    /// What was counted since the start.
    public struct Counts: Hashable, Sendable {
        /// By model; what can't be told apart any more, after a crash, is missing.
        public var models: [ModelID: ModelCounts] = [:]
        /// Requests that were locked here.
        public var locks = 0
        /// Lock attempts that came to nothing.
        public var failedLocks = 0
        /// Locks that were given back.
        public var releases = 0
        /// Clients that were turned away after the handshake.
        public var refusals = 0
        /// Prompts that could not be answered.
        public var failures = 0
        /// Claims and releases that did not land at once.
        public var settlementFailures = 0
        /// Times that the cluster could not be asked.
        public var chainTroubles = 0
        /// Times that a backend failed or could not be asked.
        public var backendTroubles = 0
        /// Plans that took the place of another.
        public var reloads = 0
        /// What the chain took for transactions.
        public var transactionFees = Lamports.zero
    }

    /// How far it has come.
    public var phase = Phase.stopped

    /// Since when it runs.
    public var uptime = Duration.zero

    /// How many requests may be locked or served at a time.
    public var slots = 0

    /// How many of them are taken.
    public var occupiedSlots = 0

    /// Locks that are not settled yet.
    public var unsettledLocks = 0

    /// Open sessions.
    public var sessions = 0

    /// Clients that wait for their direct request.
    public var waitingClients = 0

    /// The backends that are used, by name.
    public var backends: [Backend] = []

    /// How long ago the chain was read; nil before the first time.
    public var sinceChainContact: Duration?

    /// What was counted since the start.
    public var counts = Counts()

    /// A provider that does not run.
    public init() {}
}

extension ProviderStatus.Counts {
    /// Counts what has happened.
    ///
    /// - Parameters:
    ///   - event: What has happened.
    ///   - model: The model that it is about, if that is known.
    mutating func count(_ event: ProviderEvent, model: ModelID?) {
        func change(_ body: (inout ProviderStatus.ModelCounts) -> Void) {
            if let model { body(&models[model, default: .init()]) }
        }
        switch event {
        case .answered(_, let usage, let reason):
            change { model in
                model.answers[reason.rawValue, default: 0] += 1
                model.inputTokens &+= usage.input
                model.outputTokens &+= usage.output
            }
        case .claimed(_, let charge, _):
            change { model in
                model.claims += 1
                model.charged = model.charged.saturatingAdding(charge)
            }
        case .locked: locks += 1
        case .lockFailed: failedLocks += 1
        case .released: releases += 1
        case .refused: refusals += 1
        case .failed: failures += 1
        case .settlementFailed: settlementFailures += 1
        case .chainTrouble: chainTroubles += 1
        case .backendTrouble: backendTroubles += 1
        case .reloaded: reloads += 1
        case .listening, .registered, .offering, .left, .connected, .accepted, .awaitingVoucher, .vouched, .abandoned,
            .draining:
            break
        }
    }
}

extension ProviderEngine {
    /// What the provider is doing now.
    var status: ProviderStatus {
        let (plan, now) = (plan, time.now)
        let waiting = room.awaited.count
        return state.withLock { state in
            var status = ProviderStatus()
            status.phase = state.isDraining ? .draining : state.server == nil ? .starting : .serving
            status.uptime = time.uptime
            status.slots = max(1, plan.configuration.concurrency)
            status.occupiedSlots = status.slots - freeSlots(in: state)
            status.unsettledLocks = state.locks.count
            status.sessions = state.locks.values.reduce(0) { $0 + $1.state.withLock { $0.sessions } }
            status.waitingClients = waiting
            status.backends = plan.backends.keys.sorted { $0.rawValue < $1.rawValue }.map { name in
                let health = state.health[name, default: BackendHealth()]
                let offered = plan.offers.filter { $0.backend == name }
                return .init(name: name, isServing: offered.allSatisfy { health.serves($0.backendModel, at: now) })
            }
            status.sinceChainContact = state.chainContact.map { time.uptime - $0 }
            status.counts = state.counts
            return status
        }
    }
}
