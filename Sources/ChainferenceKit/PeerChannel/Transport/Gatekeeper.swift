import Synchronization

/// A ``HandshakeGate`` that many connections pass at the same time, and that closes those which have to make room.
package final class Gatekeeper: Sendable {
    private struct State: Sendable {
        var gate: HandshakeGate
        var streams: [UInt64: any ByteStream] = [:]
    }

    private let state: Mutex<State>
    private let clock: SessionClock

    package init(_ limits: HandshakeLimits, clock: SessionClock) {
        self.clock = clock
        state = Mutex(
            State(
                gate: HandshakeGate(
                    halfOpenLimit: limits.halfOpen,
                    halfOpenPerSource: limits.halfOpenPerSource,
                    burst: limits.burst,
                    perSecond: limits.perSecond
                )
            )
        )
    }

    /// Asks for a place for a connection.
    ///
    /// - Returns: The place, to be given back, once the connection's turn has come; `nil` when it is to be closed at once.
    package func enter(_ stream: any ByteStream, from source: HandshakeGate.Source?) async -> GatePlace? {
        let now = clock.now()
        let (decision, evicted) = state.withLock { state -> (HandshakeGate.Decision, (any ByteStream)?) in
            let decision = state.gate.enter(source, now: now)
            guard case .entered(let place, let evicting, _) = decision else { return (decision, nil) }
            state.streams[place] = stream
            return (decision, evicting.flatMap { state.streams.removeValue(forKey: $0) })
        }
        evicted?.abort()
        guard case .entered(let number, _, let wait) = decision else { return nil }
        let place = GatePlace(self, number)
        guard wait > .zero else { return place }
        do {
            try await clock.sleep(now + wait)
            return place
        } catch {
            place.leave()
            return nil
        }
    }

    /// How many connections have a place.
    package var halfOpen: Int { state.withLock { $0.gate.halfOpen } }

    fileprivate func keep(_ place: UInt64) { state.withLock { $0.gate.keep(place) } }

    fileprivate func leave(_ place: UInt64) {
        state.withLock { state in
            state.gate.leave(place)
            state.streams[place] = nil
        }
    }
}

/// The limits of a ``HandshakeGate``.
package struct HandshakeLimits: Hashable, Sendable {
    package var halfOpen: Int
    package var halfOpenPerSource: Int
    package var burst: Int
    package var perSecond: Double

    package init(halfOpen: Int, halfOpenPerSource: Int, burst: Int, perSecond: Double) {
        self.halfOpen = halfOpen
        self.halfOpenPerSource = halfOpenPerSource
        self.burst = burst
        self.perSecond = perSecond
    }
}

/// A connection's place among those that have not been admitted.
package struct GatePlace: Sendable {
    private let keeper: Gatekeeper
    private let number: UInt64

    fileprivate init(_ keeper: Gatekeeper, _ number: UInt64) {
        self.keeper = keeper
        self.number = number
    }

    /// Makes the place safe from newcomers: the connection has proved who it is.
    package func keep() { keeper.keep(number) }

    /// Gives the place back; doing so twice is harmless.
    package func leave() { keeper.leave(number) }
}
