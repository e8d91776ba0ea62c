import Synchronization

/// What can go wrong between a client and the cluster, on purpose.
public struct Fault: Sendable, Hashable {
    /// What happens.
    public enum Effect: Sendable, Hashable {
        /// HTTP 429, with a `Retry-After` in seconds if given.
        case tooManyRequests(retryAfter: Int?)

        /// Another HTTP status, such as 503, and no body.
        case httpStatus(Int)

        /// The answer comes this much later.
        case delay(Duration)

        /// The answer never comes: after ``Fault/longestStall`` the connection closes, the call is not carried out.
        case stall

        /// The connection closes without an answer; the call is not carried out.
        case dropConnection

        /// The call is carried out, then the connection closes without an answer.
        case dropAnswer

        /// `sendTransaction` answers as if all were well, but the transaction is gone.
        case loseTransaction

        /// `getLatestBlockhash` answers with a blockhash that no transaction can name any more.
        case expiredBlockhash

        /// The node says that it is behind by so many slots (error -32005).
        case nodeBehind(slots: UInt64)

        /// A PubSub notification is not sent; its connection stays.
        case silence

        /// The PubSub connection closes instead of sending a notification.
        case dropSocket

        /// For so many slots no slot becomes confirmed or finalized; the next one makes up for it.
        case lateConfirmations(slots: UInt64)
    }

    /// How long a stalled call keeps its connection.
    static let longestStall = Duration.seconds(600)

    /// What happens.
    public var effect: Effect

    /// The JSON-RPC methods that it happens to, or nil for all; a batch counts by its first call.
    ///
    /// For what happens to notifications, their methods, such as `accountNotification`.
    public var methods: Set<String>?

    /// How often it happens to a call that it could happen to, from 0 to 1.
    public var probability: Double

    /// How often it happens at most; nil for any number of times.
    public var limit: Int?

    /// Describes a fault.
    ///
    /// - Parameters:
    ///   - effect: What happens.
    ///   - methods: The JSON-RPC methods that it happens to; nil for all.
    ///   - probability: How often, from 0 to 1.
    ///   - limit: How often at most; nil for any number of times.
    public init(_ effect: Effect, methods: Set<String>? = nil, probability: Double = 1, limit: Int? = nil) {
        self.effect = effect
        self.methods = methods
        self.probability = probability
        self.limit = limit
    }
}

/// Makes faults happen: seeded, so that a run can be repeated.
public final class FaultInjector: Sendable {
    fileprivate struct State {
        var faults: [Fault] = []
        var random = SplitMix64(seed: 0)
        var arePubSubNotificationsSilent = false
        var areConfirmationsHeld = false

        /// How many more slots a late confirmation lasts; 0 makes up for it, nil when none is under way.
        var lateSlots: UInt64?
        var counts: [Fault.Effect: Int] = [:]
    }

    private let state = Mutex(State())

    /// Makes an injector without faults.
    init() {}

    /// Adds a fault; the first one that applies to a call happens to it.
    public func inject(_ fault: Fault) {
        state.withLock { $0.faults.append(fault) }
    }

    /// Whether slots pass without becoming confirmed or finalized; once false again, the next slot makes up for it.
    public var areConfirmationsHeld: Bool {
        get { state.withLock { $0.areConfirmationsHeld } }
        set { state.withLock { $0.areConfirmationsHeld = newValue } }
    }

    /// Takes all faults away, silence on PubSub and held confirmations too.
    public func clear() {
        state.withLock { state in
            state.faults = []
            state.arePubSubNotificationsSilent = false
            state.areConfirmationsHeld = false
            state.lateSlots = nil
        }
    }

    /// Restarts the random choices.
    public func seed(_ seed: UInt64) {
        state.withLock { $0.random = SplitMix64(seed: seed) }
    }

    /// How often each effect has happened.
    public var counts: [Fault.Effect: Int] { state.withLock { $0.counts } }

    /// Whether PubSub keeps its connections but sends no notifications.
    public var arePubSubNotificationsSilent: Bool {
        get { state.withLock { $0.arePubSubNotificationsSilent } }
        set { state.withLock { $0.arePubSubNotificationsSilent = newValue } }
    }

    /// The effect that a call of `method` suffers, if any.
    func effect(on method: String) -> Fault.Effect? {
        state.withLock { $0.effect(on: method, at: .call) }
    }

    /// The effect that a notification suffers, if any.
    func effect(onNotification method: String) -> Fault.Effect? {
        state.withLock { $0.effect(on: method, at: .notification) }
    }

    /// Whether the slot that begins confirms nothing; to be asked once a slot.
    func holdsConfirmations() -> Bool {
        state.withLock { state in
            if let left = state.lateSlots {
                state.lateSlots = left > 0 ? left - 1 : nil
                return left > 0 || state.areConfirmationsHeld
            }
            if case .lateConfirmations(let slots) = state.effect(on: "", at: .slot), slots > 0 {
                state.lateSlots = slots - 1
                return true
            }
            return state.areConfirmationsHeld
        }
    }
}

extension Fault.Effect {
    /// What an effect happens to.
    fileprivate enum Place {
        case call
        case notification
        case slot
    }

    fileprivate var place: Place {
        switch self {
        case .silence, .dropSocket: .notification
        case .lateConfirmations: .slot
        default: .call
        }
    }
}

extension FaultInjector.State {
    fileprivate mutating func effect(on method: String, at place: Fault.Effect.Place) -> Fault.Effect? {
        for index in faults.indices where faults[index].effect.place == place {
            let fault = faults[index]
            if let methods = fault.methods, !methods.contains(method) { continue }
            if fault.limit == 0 { continue }
            if fault.probability < 1, Double.random(in: 0..<1, using: &random) >= fault.probability { continue }
            if let limit = fault.limit { faults[index].limit = limit - 1 }
            counts[fault.effect, default: 0] += 1
            return fault.effect
        }
        return nil
    }
}

/// A small generator with a seed (Steele, Lea and Flood, 2014); for faults, not for secrets.
struct SplitMix64: RandomNumberGenerator, Sendable {
    private var state: UInt64

    init(seed: UInt64) {
        state = seed
    }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
        return mixed ^ (mixed >> 31)
    }
}
