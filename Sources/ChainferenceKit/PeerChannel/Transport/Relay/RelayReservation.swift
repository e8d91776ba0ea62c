/// A server's side of its reservation at a relay, as a pure state machine: messages and the time go in, actions come out.
struct RelayReservation: Sendable {
    struct Settings: Hashable, Sendable {
        /// How long a reservation is asked for.
        var duration: Duration = .seconds(1_800)
        /// After how much silence a sign of life is asked for.
        var pingInterval: Duration = .seconds(15)
        /// After how much silence the relay is taken for gone.
        var silenceLimit: Duration = .seconds(45)
    }

    enum Action: Hashable, Sendable {
        case send(RelayMessage)
        /// The server is reachable through the relay from now on.
        case announce(RelayTerms)
        /// A client waits.
        case takeUp(RelayToken)
        /// The connection is of no use any more.
        case end(PeerError)
    }

    private let settings: Settings
    /// What the relay has granted, once it has.
    private(set) var terms: RelayTerms?
    private var lastHeard: Duration
    private var lastPing: Duration
    private var refreshAt: Duration?
    private var pings: UInt64 = 0

    /// Begins with a request for a reservation.
    init(settings: Settings = Settings(), now: Duration) {
        self.settings = settings
        lastHeard = now
        lastPing = now
    }

    /// What to say first, and again to stay reachable.
    var request: RelayMessage { .reserve(seconds: UInt32(clamping: settings.duration.components.seconds)) }

    /// When to call ``tick(now:)`` at the latest.
    var nextTick: Duration {
        let ping = max(lastHeard, lastPing) + settings.pingInterval
        return min(ping, lastHeard + settings.silenceLimit, refreshAt ?? .seconds(Int64.max / 4))
    }

    /// Takes a message from the relay.
    mutating func receive(_ message: RelayMessage, now: Duration) -> [Action] {
        lastHeard = now
        switch message {
        case .reserved(let terms):
            let isFirst = self.terms == nil
            self.terms = terms
            // In good time: half of what was granted, however little it is.
            refreshAt = now + max(.seconds(1), .seconds(Int64(terms.seconds)) / 2)
            return isFirst ? [.announce(terms)] : []
        case .incoming(let token): return terms == nil ? [.end(PeerError(RelayFault.unexpected))] : [.takeUp(token)]
        case .ping(let number): return [.send(.pong(number))]
        case .pong: return []
        case .refused(let refusal): return [.end(.relayRefused(refusal))]
        case .reserve, .decline, .connect, .accept, .open: return [.end(PeerError(RelayFault.unexpected))]
        }
    }

    /// Does what is due.
    mutating func tick(now: Duration) -> [Action] {
        guard now < lastHeard + settings.silenceLimit else { return [.end(.deadlineExceeded(.silence))] }
        var actions: [Action] = []
        if let refreshAt, now >= refreshAt {
            // The answer sets the next time; until it comes nothing is asked twice.
            self.refreshAt = nil
            actions.append(.send(request))
        }
        if now >= max(lastHeard, lastPing) + settings.pingInterval {
            lastPing = now
            pings += 1
            actions.append(.send(.ping(pings)))
        }
        return actions
    }
}

/// How long to wait before the next attempt: twice as long each time, up to a limit, and never the same for two servers.
struct BackOff: Hashable, Sendable {
    var first: Duration = .seconds(1)
    var limit: Duration = .seconds(60)
    private(set) var failures = 0

    /// The next wait.
    ///
    /// - Parameters:
    ///   - retryAfter: What the other side has asked for.
    ///   - jitter: A random number from 0 to 1.
    /// - Returns: The wait, between half of it and the whole.
    mutating func next(retryAfter: Duration? = nil, jitter: Double) -> Duration {
        let doubled = first * (1 << min(failures, 16))
        failures += 1
        let wait = max(min(doubled, limit), min(retryAfter ?? .zero, limit))
        return wait * (0.5 + 0.5 * jitter)
    }

    /// Begins anew after a success.
    mutating func succeed() { failures = 0 }
}
