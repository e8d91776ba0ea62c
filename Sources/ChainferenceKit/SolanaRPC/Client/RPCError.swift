public import JSON
import Solana

/// Why a call to a node failed, after all attempts that made sense.
public struct RPCError: Error, Sendable {
    /// The JSON-RPC method.
    public let method: String
    /// The node, without path and query, which may hold keys.
    public let endpoint: String
    /// How often the call was attempted.
    public let attempts: Int
    /// What went wrong, the last time that counts.
    public let reason: Reason

    /// What can go wrong with a call.
    public enum Reason: Sendable {
        /// The node answered with a JSON-RPC error that has no case of its own here.
        case refused(code: JSONRPCErrorCode, message: String, data: JSONValue?)
        /// The transaction failed in the node's simulation (-32002); nothing was sent and nothing charged.
        case preflightFailure(TransactionFailure)
        /// The node is behind the cluster (-32005), by that many slots if it knows.
        case nodeBehind(slots: UInt64?)
        /// The node has not reached a slot that was already seen (-32016), or answered from before it.
        case contextSlotNotReached(required: UInt64?, actual: UInt64?)
        /// Too many calls (HTTP 429); the node asked to wait for that long, if it did.
        case rateLimited(retryAfter: Duration?)
        /// The node wants no such calls from here (HTTP 401, 403, 410): a missing key, or a method that it has blocked.
        case forbidden(status: Int, excerpt: String)
        /// The request was too large for the node (HTTP 413).
        case requestTooLarge
        /// Any other HTTP failure.
        case httpStatus(Int, excerpt: String)
        /// The answer was larger than the policy allows.
        case answerTooLarge(limit: Int)
        /// The answer was not what the method's documentation says.
        case malformedAnswer(String, excerpt: String)
        /// The HTTP client refused to send the request, for example without encryption.
        case notAllowed(String)
        /// The node could not be reached, or the connection broke.
        case unreachable(String)
        /// The call's time was over; `last` is what had gone wrong until then, if anything.
        case deadlineExceeded(Duration, last: String?)
    }

    /// Makes an error.
    public init(method: String, endpoint: String, attempts: Int, reason: Reason) {
        self.method = method
        self.endpoint = endpoint
        self.attempts = attempts
        self.reason = reason
    }
}

extension RPCError {
    /// The failed simulation, if that was the reason.
    public var preflightFailure: TransactionFailure? {
        guard case .preflightFailure(let failure) = reason else { return nil }
        return failure
    }

    /// The JSON-RPC code, if the node answered with one.
    @inline(never)
    public var code: JSONRPCErrorCode? {
        // Inlined where errors are caught, this crashes the optimizer of Swift 6.3.1 ("Found outside of lifetime use").
        switch reason {
        case .refused(let code, _, _): code
        case .preflightFailure: .sendTransactionPreflightFailure
        case .nodeBehind: .nodeUnhealthy
        case .contextSlotNotReached: .minContextSlotNotReached
        default: nil
        }
    }
}

extension RPCError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        let tries = attempts > 1 ? " (\(attempts) attempts)" : ""
        return "\(method) at \(endpoint)\(tries): \(reason)"
    }
}

extension RPCError.Reason: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .refused(let code, let message, _):
            return "the node refused with error \(code): \(JSONValue.excerpt(of: Array(message.utf8), limit: 300))"
        case .preflightFailure(let failure):
            return "the transaction failed in simulation and was not sent: \(failure)"
        case .nodeBehind(let slots):
            let amount = slots.map { " by \($0) slots" } ?? ""
            return "the node is behind the cluster\(amount); try again later or use another node"
        case .contextSlotNotReached(let required, let actual):
            let needed = required.map { " \($0)" } ?? ""
            let reached = actual.map { "; it is at \($0)" } ?? ""
            return "the node has not reached slot\(needed), which was already seen\(reached); use a node that keeps up"
        case .rateLimited(let retryAfter):
            let pause = retryAfter.map { ", and asks to wait for \($0)" } ?? ""
            return "the node limits how often it is asked\(pause); ask less often or use another node"
        case .forbidden(let status, let excerpt):
            return """
                the node forbids the call (HTTP \(status)); check the API key, and whether the node offers the method. \
                It says: \(excerpt)
                """
        case .requestTooLarge:
            return "the request was too large for the node (HTTP 413); ask for less at once"
        case .httpStatus(let status, let excerpt):
            return "HTTP \(status): \(excerpt)"
        case .answerTooLarge(let limit):
            return "the answer was larger than \(limit) bytes; ask for less, for example with filters or a data slice"
        case .malformedAnswer(let problem, let excerpt):
            return "the answer makes no sense: \(problem), in: \(excerpt)"
        case .notAllowed(let problem):
            return "the request was not sent: \(problem)"
        case .unreachable(let problem):
            return "the node could not be reached: \(problem)"
        case .deadlineExceeded(let limit, let last):
            return "no answer within \(limit)" + (last.map { "; before that, \($0)" } ?? "")
        }
    }
}

extension RPCError.Reason {
    /// Makes the reason from what a node answered.
    init(
        _ object: JSONRPCErrorObject,
        programs: [Address] = [],
        requiredSlot: UInt64? = nil,
        resolver: ProgramErrorResolver = .none
    ) {
        let code = JSONRPCErrorCode(rawValue: object.code)
        switch code {
        case .sendTransactionPreflightFailure:
            guard let data = object.data, let error = data["err"].flatMap({ TransactionError(json: $0) }) else {
                self = .refused(code: code, message: object.message, data: object.data)
                return
            }
            self = .preflightFailure(
                TransactionFailure(
                    error: error,
                    programs: programs,
                    logs: data["logs"]?.elements?.compactMap(\.text) ?? [],
                    computeUnits: data["unitsConsumed"]?.unsigned,
                    resolver: resolver
                )
            )
        case .nodeUnhealthy:
            self = .nodeBehind(slots: object.data?["numSlotsBehind"]?.unsigned)
        case .minContextSlotNotReached:
            self = .contextSlotNotReached(required: requiredSlot, actual: object.data?["contextSlot"]?.unsigned)
        default:
            self = .refused(code: code, message: object.message, data: object.data)
        }
    }

    /// Whether the same call may well succeed later, or at another node.
    var isTransient: Bool {
        switch self {
        case .refused(let code, _, _): code.isTransient
        case .nodeBehind, .contextSlotNotReached, .rateLimited, .unreachable: true
        case .httpStatus(let status, _): status >= 500 || status == 408
        // A proxy's error page or a cut answer; the next one may be whole.
        case .malformedAnswer: true
        case .preflightFailure, .forbidden, .requestTooLarge, .answerTooLarge, .notAllowed, .deadlineExceeded: false
        }
    }
}
