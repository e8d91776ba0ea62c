import JSON
import Solana
import Synchronization

/// One call, as the client's loop needs to know it.
struct RPCCall: Sendable {
    let method: String
    let params: [JSONValue]
    /// Whether the call may reach the node twice without harm.
    var isRepeatable = true
    /// The slot that the call demands of the node.
    var minimumSlot: UInt64?
    /// How often to try at most; nil for the policy's number.
    var maximumAttempts: Int?
    /// The programs of the transaction that the call is about, for its errors.
    var programs: [Address] = []
}

/// An answer that is not taken, and why.
struct RefusedAnswer: Error {
    let reason: RPCError.Reason

    init(_ reason: RPCError.Reason) {
        self.reason = reason
    }
}

/// Why one attempt failed, and whether it may have had its effect nevertheless.
struct AttemptFailure: Error {
    let reason: RPCError.Reason
    let mayHaveReachedNode: Bool
}

extension AttemptFailure {
    init(_ error: RPCTransportError) {
        switch error {
        case .refused(let problem):
            self.init(reason: .notAllowed(problem), mayHaveReachedNode: false)
        case .notConnected(let problem):
            self.init(reason: .unreachable(problem), mayHaveReachedNode: false)
        case .interrupted(let problem):
            self.init(reason: .unreachable(problem), mayHaveReachedNode: true)
        case .timedOut:
            self.init(reason: .unreachable("no answer in time"), mayHaveReachedNode: true)
        case .answerTooLarge(let limit):
            self.init(reason: .answerTooLarge(limit: limit), mayHaveReachedNode: true)
        }
    }
}

/// How far a call has come; read when its time is over.
final class CallProgress: Sendable {
    struct State {
        var endpoint: String
        var attempts = 0
        var last: RPCError.Reason?
    }

    private let mutex: Mutex<State>

    init(endpoint: String) {
        mutex = Mutex(State(endpoint: endpoint))
    }

    var state: State { mutex.withLock { $0 } }

    func moved(to endpoint: String) {
        mutex.withLock { $0.endpoint = endpoint }
    }

    func beganAttempt() {
        mutex.withLock { $0.attempts += 1 }
    }

    /// Notes a failure; returns how many attempts there were.
    func failed(_ reason: RPCError.Reason) -> Int {
        mutex.withLock { state in
            state.last = reason
            return state.attempts
        }
    }
}

extension RPCError.Reason {
    /// Whether another node might do better.
    var speaksAgainstNode: Bool {
        switch self {
        case .refused(let code, _, _): code.isTransient || code == .methodNotFound
        case .nodeBehind, .contextSlotNotReached, .rateLimited, .unreachable, .forbidden, .httpStatus, .malformedAnswer:
            true
        case .preflightFailure, .requestTooLarge, .answerTooLarge, .notAllowed, .deadlineExceeded: false
        }
    }
}
