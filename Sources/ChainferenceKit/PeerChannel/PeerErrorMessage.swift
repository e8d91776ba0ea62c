/// Why a server refuses a session or breaks off an answer; sent encrypted, and only after the handshake is verified.
public struct PeerErrorMessage: Error, Hashable, Sendable {
    /// The reason, for programs.
    public var code: PeerErrorCode
    /// After how long another attempt makes sense; `nil` if it never does.
    public var retryAfter: Duration?
    /// The reason, for people; at most 256 bytes of UTF-8, cut if longer.
    public var text: String

    /// Puts the parts together.
    public init(_ code: PeerErrorCode, retryAfter: Duration? = nil, text: String = "") {
        self.code = code
        self.retryAfter = retryAfter
        self.text = text
    }
}

extension PeerErrorMessage: CustomStringConvertible {
    /// What the server says and what to do next.
    public var description: String {
        // The text comes from a stranger: neither control characters nor such as turn the writing around may reach a
        // terminal.
        let safe = String(String.UnicodeScalarView(text.unicodeScalars.filter(\.isPrintable)))
        let detail = safe.isEmpty ? "" : " (\(safe))"
        let advice = retryAfter.map { "Try again in \(max(1, Int($0.inSeconds.rounded(.up)))) s." } ?? code.advice
        return "The server answered: \(code)\(detail). \(advice)"
    }
}

extension Unicode.Scalar {
    fileprivate var isPrintable: Bool {
        switch properties.generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}

/// A server's reason in two bytes.
///
/// Unknown ones are kept as they are.
public struct PeerErrorCode: RawRepresentable, Hashable, Sendable {
    /// The number on the wire.
    public var rawValue: UInt16

    /// Takes the number on the wire.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The chain knows no such request, or not yet.
    public static let requestUnknown = PeerErrorCode(rawValue: 1)
    /// The request is not locked by this server, or with another address.
    public static let requestNotLockedHere = PeerErrorCode(rawValue: 2)
    /// The client's key is not the one in the request.
    public static let clientKeyMismatch = PeerErrorCode(rawValue: 3)
    /// The request is claimed, cancelled, expired, or being closed.
    public static let requestOver = PeerErrorCode(rawValue: 4)
    /// Too little time is left before the deadline.
    public static let tooLittleTime = PeerErrorCode(rawValue: 5)
    /// The stake can't pay for this.
    public static let stakeTooSmall = PeerErrorCode(rawValue: 6)
    /// The model is not served at the moment.
    public static let modelUnavailable = PeerErrorCode(rawValue: 7)
    /// The prompt has too many bytes or tokens.
    public static let promptTooLarge = PeerErrorCode(rawValue: 8)
    /// The prompt is not what the backend understands.
    public static let promptInvalid = PeerErrorCode(rawValue: 9)
    /// This prompt number was used with other content.
    public static let promptConflict = PeerErrorCode(rawValue: 10)
    /// The prefix that the client claims to have is not the server's.
    public static let prefixMismatch = PeerErrorCode(rawValue: 11)
    /// Nothing is left to continue from.
    public static let resumeUnavailable = PeerErrorCode(rawValue: 12)
    /// Too many sessions at the moment.
    public static let busy = PeerErrorCode(rawValue: 13)
    /// A voucher did not come in time.
    public static let voucherMissing = PeerErrorCode(rawValue: 14)
    /// A voucher's signature, amount or deadline is wrong.
    public static let voucherInvalid = PeerErrorCode(rawValue: 15)
    /// The backend failed.
    public static let backendFailed = PeerErrorCode(rawValue: 16)
    /// The server is being shut down.
    public static let shuttingDown = PeerErrorCode(rawValue: 17)
    /// The other side broke the protocol.
    public static let protocolViolation = PeerErrorCode(rawValue: 18)
    /// Something went wrong inside the server.
    public static let internalError = PeerErrorCode(rawValue: 19)
}

extension PeerErrorCode: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .requestUnknown: "the request is not known"
        case .requestNotLockedHere: "the request is not locked by this server"
        case .clientKeyMismatch: "the key is not the one in the request"
        case .requestOver: "the request is over"
        case .tooLittleTime: "too little time is left before the deadline"
        case .stakeTooSmall: "the stake is too small"
        case .modelUnavailable: "the model is not available"
        case .promptTooLarge: "the prompt is too large"
        case .promptInvalid: "the prompt is not valid"
        case .promptConflict: "the prompt number was used for something else"
        case .prefixMismatch: "the prefix is not this answer's"
        case .resumeUnavailable: "there is nothing to continue from"
        case .busy: "busy"
        case .voucherMissing: "a voucher did not come in time"
        case .voucherInvalid: "a voucher is not valid"
        case .backendFailed: "the model backend failed"
        case .shuttingDown: "shutting down"
        case .protocolViolation: "the protocol was broken"
        case .internalError: "internal error"
        default: "error \(rawValue)"
        }
    }

    var advice: String {
        switch self {
        case .promptTooLarge: "Shorten the prompt."
        case .promptInvalid: "Correct the prompt."
        case .stakeTooSmall: "Stake more with the next request."
        case .tooLittleTime, .requestOver: "Make a new request."
        case .voucherMissing, .voucherInvalid: "Pay for no more than arrived; vouch for what is due to go on."
        default: "Choose another server, or try again later."
        }
    }
}

/// Why a session was closed in good order.
public enum PeerCloseReason: UInt8, Hashable, Sendable {
    /// There is nothing more to say.
    case done = 0
    /// Nothing was asked for a long time.
    case idle = 1
    /// The session's or the lock's time is over.
    case timeLimit = 2
    /// The server is being shut down.
    case shuttingDown = 3
    /// A newer connection for the same request took over.
    case superseded = 4
}

extension PeerCloseReason: CustomStringConvertible {
    /// The reason in words.
    public var description: String {
        switch self {
        case .done: "done"
        case .idle: "it was idle for too long"
        case .timeLimit: "its time is over"
        case .shuttingDown: "the server is being shut down"
        case .superseded: "a newer connection took over"
        }
    }
}
