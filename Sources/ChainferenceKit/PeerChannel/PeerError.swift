public import CurlHTTP
public import Noise

/// Why a session could not be had, or ended early.
public enum PeerError: Error, Hashable, Sendable {
    /// No connection could be made.
    case unreachable(target: String, reason: String)
    /// The address leads to a place that the dial policy forbids, such as this machine or a private network.
    case refusedTarget(String)
    /// The proxy that the caller has chosen failed; nothing was sent around it.
    case proxyFailed(proxy: String, reason: HTTPProxyFailure)
    /// The relay in front of the server says why there is no way to it.
    case relayRefused(RelayRefusal)
    /// The other side closed the connection before the handshake was done; on purpose it never says why.
    case handshakeClosed
    /// A handshake message was not authentic: another server, another chain, or somebody in between.
    case handshakeFailed(NoiseError)
    /// Something took longer than its limit.
    case deadlineExceeded(PeerDeadline)
    /// The connection ended before the answer's final record: what has arrived is not the whole answer.
    case truncated(received: UInt64)
    /// The answer's bytes are not the ones that the server signed off.
    case digestMismatch
    /// The other side sent something that the protocol forbids; the connection is closed.
    case protocolViolation(ProtocolViolation)
    /// The server says that it can't serve.
    case server(PeerErrorMessage)
    /// The other side closed the session in good order.
    case closed(PeerCloseReason)
    /// The connection broke after the handshake while no answer was under way.
    case connectionLost(reason: String)
    /// The other side of an answer cancelled it.
    case cancelledByClient
    /// A prompt was given while the answer to the one before is still arriving.
    case promptInProgress
    /// A prompt is larger than the server takes.
    case promptTooLarge(bytes: Int, limit: Int)
    /// The events of an answer were asked for after a newer prompt was given.
    case answerSuperseded
    /// The program used the API in a way that the documentation excludes.
    case misuse(String)
}

/// Which limit was exceeded.
public enum PeerDeadline: String, Hashable, Sendable {
    /// Connecting, name resolution included.
    case connect
    /// The three messages of the handshake.
    case handshake
    /// The server's check of the request on the chain.
    case authorization
    /// Nothing arrived for a long time: the connection is dead.
    case silence
    /// The client asked nothing for a long time.
    case idle
    /// The longest time that a session may last.
    case session
    /// A voucher that was due did not come.
    case voucher
    /// The client read nothing for a long time while an answer waited.
    case stall
}

extension PeerError {
    /// Whether the connection was lost, rather than ended by one of the two sides: another one may go on.
    var isLoss: Bool {
        switch self {
        case .connectionLost, .truncated, .deadlineExceeded(.silence), .deadlineExceeded(.stall),
            .protocolViolation(.recordNotAuthentic), .protocolViolation(.recordLength):
            true
        default: false
        }
    }
}

extension PeerError: CustomStringConvertible {
    /// What happened and what to do next.
    public var description: String {
        switch self {
        case .unreachable(let target, let reason):
            "The server at \(target) can't be reached (\(reason)). Nothing was sent. Try again or choose another server."
        case .refusedTarget(let target):
            "The server's address leads to \(target), which the dial policy forbids: an address on the chain is chosen "
                + "by a stranger. Allow it in the dial policy only if you know that network."
        case .proxyFailed(let proxy, let reason):
            "The proxy \(proxy) failed: \(reason). Nothing was sent around it. Check the proxy, or choose another server."
        case .relayRefused(let refusal): refusal.description
        case .handshakeClosed:
            "The server closed the connection during the handshake without saying why, as the protocol demands. The address "
                + "may be out of date, or the server is overloaded. Nothing private was sent. Read the address again and retry."
        case .handshakeFailed(let error):
            "The handshake failed (\(error)): this is not the server that the chain names, or somebody is in between. "
                + "Nothing private was sent. Choose another server."
        case .deadlineExceeded(let deadline): deadline.explanation
        case .truncated(let received):
            "The connection ended before the answer did: \(received) bytes arrived and they are not the whole answer. "
                + "Pay for no more than arrived, and ask again."
        case .digestMismatch:
            "The answer's digest or length differs from what arrived. Don't use the answer; pay no more, and flag the server."
        case .protocolViolation(let violation):
            "The other side broke the protocol: \(violation). The connection is closed."
        case .server(let message): message.description
        case .closed(let reason): "The other side closed the session: \(reason)."
        case .connectionLost(let reason): "The connection was lost (\(reason)). No answer was under way; connect again."
        case .cancelledByClient: "The client cancelled this answer. Finish it with what was used so far."
        case .promptInProgress:
            "The answer to the prompt before is still arriving. Wait for its end or cancel it, then ask again."
        case .promptTooLarge(let bytes, let limit):
            "The prompt has \(bytes) bytes and this server takes at most \(limit). Shorten it; nothing was sent."
        case .answerSuperseded: "A newer prompt was given; the events of this answer are gone."
        case .misuse(let what): "The peer channel was used wrongly: \(what)."
        }
    }
}

extension PeerDeadline {
    fileprivate var explanation: String {
        switch self {
        case .connect: "Connecting took too long. Nothing was sent. Try again or choose another server."
        case .handshake: "The handshake took too long. Nothing private was sent. Try again or choose another server."
        case .authorization: "The request could not be checked on the chain in time. Try again a little later."
        case .silence: "Nothing has arrived for a long time: the connection is dead. Pay for no more than arrived."
        case .idle: "The session was idle for too long and was closed. Connect again for another prompt."
        case .session: "The session reached its longest duration and was closed. Connect again."
        case .stall: "The client read nothing for a long time; the answer was stopped."
        case .voucher: "A voucher that was due did not arrive in time; the answer was stopped."
        }
    }
}

/// What the other side did that the protocol forbids.
public enum ProtocolViolation: Error, Hashable, Sendable {
    /// A length prefix outside what is allowed.
    case recordLength(Int)
    /// A record that is not authentic: forged, damaged, repeated, left out or out of order.
    case recordNotAuthentic
    /// A record whose inner form is wrong.
    case malformedRecord(type: UInt8, reason: String)
    /// Padding with something other than zeros.
    case nonZeroPadding
    /// A record type that this version must not ignore.
    case unknownRecord(type: UInt8)
    /// A record that may not come at this point.
    case unexpectedRecord(type: UInt8, reason: String)
    /// A message in several records that is too long, or interrupted.
    case fragmentation(reason: String)
    /// More data than the byte window allows.
    case windowExceeded
    /// A handshake payload with impossible content.
    case handshakePayload(reason: String)
    /// More records than one session may have.
    case sessionTooLong
}

extension ProtocolViolation: CustomStringConvertible {
    /// What was wrong.
    public var description: String {
        switch self {
        case .recordLength(let length): "a record of \(length) bytes"
        case .recordNotAuthentic: "a record that is not authentic"
        case .malformedRecord(let type, let reason): "a malformed record of type \(type): \(reason)"
        case .nonZeroPadding: "padding that is not zero"
        case .unknownRecord(let type): "a record of unknown type \(type)"
        case .unexpectedRecord(let type, let reason): "an unexpected record of type \(type): \(reason)"
        case .fragmentation(let reason): "a message in pieces that don't fit: \(reason)"
        case .windowExceeded: "more data than the window allows"
        case .handshakePayload(let reason): "a handshake payload with impossible content: \(reason)"
        case .sessionTooLong: "more records than one session may have"
        }
    }
}
