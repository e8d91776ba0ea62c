/// A handshake pattern (Noise revision 34, section 7): which keys are known before, and what each message carries.
public struct NoisePattern: Hashable, Sendable {
    /// One step of a message.
    enum Token: Hashable, Sendable {
        case e
        case s
        case ee
        case es
        case se
        case ss
        case psk
    }

    /// The name, such as `XK` or `XKpsk3`.
    public let name: String
    /// Whether the responder knows the initiator's static key before the handshake.
    let initiatorIsKnown: Bool
    /// Whether the initiator knows the responder's static key before the handshake.
    let responderIsKnown: Bool
    /// The messages, in turns; the initiator begins.
    let messages: [[Token]]
    /// Whether the pattern uses pre-shared keys, which changes how ephemeral keys are mixed (section 9.2).
    let usesPresharedKeys: Bool

    /// The pattern of that name, if it is one of the fifteen fundamental ones, possibly with `psk` modifiers such as
    /// `XKpsk3` or `NNpsk0+psk2`.
    public init?(named name: String) {
        let letters = name.prefix { $0.isUppercase }
        guard let base = Self.fundamental[String(letters)] else { return nil }
        var messages = base.messages
        var usesPresharedKeys = false
        let modifiers = name.dropFirst(letters.count)
        if !modifiers.isEmpty {
            var last = -1
            for modifier in modifiers.split(separator: "+", omittingEmptySubsequences: false) {
                guard modifier.hasPrefix("psk"), let position = Int(modifier.dropFirst(3)),
                    position > last, position <= messages.count, modifier.count == 4
                else { return nil }
                if position == 0 { messages[0].insert(.psk, at: 0) } else { messages[position - 1].append(.psk) }
                last = position
                usesPresharedKeys = true
            }
        }
        self.name = name
        initiatorIsKnown = base.initiatorIsKnown
        responderIsKnown = base.responderIsKnown
        self.messages = messages
        self.usesPresharedKeys = usesPresharedKeys
    }

    /// `XK`: the initiator knows the responder's key and sends its own, encrypted, in the third message.
    public static let xk = NoisePattern(named: "XK")!

    /// `XKpsk3`: `XK` with a pre-shared key that is mixed in at the end of the third message.
    public static let xkpsk3 = NoisePattern(named: "XKpsk3")!

    private struct Base {
        var initiatorIsKnown = false
        var responderIsKnown = false
        var messages: [[Token]]
    }

    private static let fundamental: [String: Base] = [
        "N": Base(responderIsKnown: true, messages: [[.e, .es]]),
        "K": Base(initiatorIsKnown: true, responderIsKnown: true, messages: [[.e, .es, .ss]]),
        "X": Base(responderIsKnown: true, messages: [[.e, .es, .s, .ss]]),
        "NN": Base(messages: [[.e], [.e, .ee]]),
        "NK": Base(responderIsKnown: true, messages: [[.e, .es], [.e, .ee]]),
        "NX": Base(messages: [[.e], [.e, .ee, .s, .es]]),
        "XN": Base(messages: [[.e], [.e, .ee], [.s, .se]]),
        "XK": Base(responderIsKnown: true, messages: [[.e, .es], [.e, .ee], [.s, .se]]),
        "XX": Base(messages: [[.e], [.e, .ee, .s, .es], [.s, .se]]),
        "KN": Base(initiatorIsKnown: true, messages: [[.e], [.e, .ee, .se]]),
        "KK": Base(initiatorIsKnown: true, responderIsKnown: true, messages: [[.e, .es, .ss], [.e, .ee, .se]]),
        "KX": Base(initiatorIsKnown: true, messages: [[.e], [.e, .ee, .se, .s, .es]]),
        "IN": Base(messages: [[.e, .s], [.e, .ee, .se]]),
        "IK": Base(responderIsKnown: true, messages: [[.e, .es, .s, .ss], [.e, .ee, .se]]),
        "IX": Base(messages: [[.e, .s], [.e, .ee, .se, .s, .es]]),
    ]
}
