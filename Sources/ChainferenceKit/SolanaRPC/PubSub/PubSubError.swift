import JSON

/// Why a subscription ended, or never began.
public enum PubSubError: Error, Hashable, Sendable {
    /// The node refused the subscription.
    case refused(code: JSONRPCErrorCode, message: String)
    /// The client's run has ended, so that nothing will arrive any more.
    case closed
    /// There are as many subscriptions as the configuration allows.
    case tooManySubscriptions(limit: Int)
    /// A notification was not what the method's documentation says.
    case malformedNotification(String, excerpt: String)
    /// Two tasks waited for the same subscription's events.
    case concurrentIteration
    /// The client runs already.
    case alreadyRunning
}

extension PubSubError: CustomStringConvertible {
    /// What happened, and what to do.
    public var description: String {
        switch self {
        case .refused(let code, let message):
            "The node refused the subscription with error \(code): \(JSONValue.excerpt(of: Array(message.utf8)))."
        case .closed:
            "The PubSub client does not run any more. Subscribe inside of the scope in which it runs."
        case .tooManySubscriptions(let limit):
            "There are \(limit) subscriptions already. End some, or raise the configured maximum."
        case .malformedNotification(let problem, let excerpt):
            "A notification makes no sense: \(problem), in: \(excerpt)"
        case .concurrentIteration:
            "Two tasks waited for the events of one subscription. Give each its own."
        case .alreadyRunning:
            "The PubSub client runs already; one run serves all subscriptions."
        }
    }
}
