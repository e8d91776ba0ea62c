package import Noise

/// Why a relay did not do what it was asked for.
public struct RelayRefusal: Error, Hashable, Sendable {
    /// The reasons, with their numbers on the wire.
    public enum Code: UInt16, Hashable, Sendable, CaseIterable {
        /// No server of that key is reachable through this relay, nor was one lately.
        case serverUnknown = 1
        /// The server was reachable through this relay lately, and is not now.
        case serverOffline = 2
        /// The server has as many circuits as it may have, or declined this one.
        case serverBusy = 3
        /// The relay has as many circuits or reservations as it takes.
        case relayFull = 4
        /// The caller's network has as many circuits or reservations as one may have.
        case tooManyFromSource = 5
        /// The server did not take up the circuit in time.
        case noAnswer = 6
        /// No client waits under this token any more.
        case tokenUnknown = 7
        /// The same key has reserved again over another connection.
        case superseded = 8
    }

    /// The reason.
    public let code: Code
    /// When trying again may help; `nil` if it is of no use.
    public let retryAfter: Duration?

    static let never = UInt32.max
    let retryMilliseconds: UInt32

    /// Puts a reason together.
    public init(_ code: Code, retryAfter: Duration? = nil) {
        self.init(
            code,
            retryMilliseconds: retryAfter.map { UInt32(clamping: min($0.wholeMilliseconds, Int64(Self.never - 1))) }
                ?? Self.never
        )
    }

    init(_ code: Code, retryMilliseconds: UInt32) {
        self.code = code
        self.retryMilliseconds = retryMilliseconds
        retryAfter = retryMilliseconds == Self.never ? nil : .milliseconds(retryMilliseconds)
    }
}

extension RelayRefusal: CustomStringConvertible {
    /// What happened and what to do next.
    public var description: String {
        let what =
            switch code {
            case .serverUnknown:
                "The relay does not know the server. The address may be out of date: read it again, or choose another server."
            case .serverOffline:
                "The server has lost its connection to the relay. It may be back soon; or choose another server."
            case .serverBusy: "The server takes no more connections through the relay at the moment."
            case .relayFull: "The relay is full. Try again later, or choose another server."
            case .tooManyFromSource: "The relay has too many connections from this network. Close some, or wait."
            case .noAnswer: "The server did not answer the relay in time. Try again, or choose another server."
            case .tokenUnknown: "The client that the relay announced has gone."
            case .superseded: "Another process has taken this server's place at the relay, with the same key."
            }
        return retryAfter.map { "\(what) Worth another try in \($0)." } ?? what
    }
}

/// What a relay, or somebody who pretends to be one, did against the protocol.
package enum RelayFault: Error, Hashable, Sendable {
    /// A handshake message was not authentic.
    case handshake(NoiseError)
    /// A length prefix that no message has.
    case length(Int)
    /// A message that is not authentic.
    case notAuthentic
    /// A message of this type that is not well formed.
    case malformed(UInt8?)
    /// A message that may not come at this point.
    case unexpected
}
