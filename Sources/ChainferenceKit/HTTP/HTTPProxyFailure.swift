/// What went wrong at a proxy.
public enum HTTPProxyFailure: Hashable, Sendable {
    /// The proxy itself can't be reached.
    case unreachable(String)
    /// The proxy demands credentials, or does not take those that were given.
    case credentials(String)
    /// The proxy was asked and could not reach the target, or could not resolve its name.
    case target(String)
    /// The proxy does not want to reach the target.
    case forbidden(String)
    /// The proxy closed the connection, or did not speak as a proxy does.
    case noProxy(String)
}

extension HTTPProxyFailure: CustomStringConvertible {
    /// What happened.
    public var description: String {
        switch self {
        case .unreachable(let reason): "it can't be reached: \(reason)"
        case .credentials(let reason): "it wants other credentials: \(reason)"
        case .target(let reason): "it can't reach the target: \(reason)"
        case .forbidden(let reason): "it refuses the target: \(reason)"
        case .noProxy(let reason): "it does not speak as a proxy does: \(reason)"
        }
    }
}
