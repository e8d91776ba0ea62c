import Logging
import PeerChannel
import SodiumCrypto
import Synchronization

extension Relay {
    /// Serves one connection to its end.
    ///
    /// Whoever is not authentic gets no byte, and no reason.
    func handle(_ stream: any ByteStream) async {
        let source = stream.remoteHost.flatMap(HandshakeGate.Source.init)
        if let place = await gatekeeper.enter(stream, from: source) {
            do {
                defer { place.leave() }
                try await converse(over: stream, source: source, place: place)
            } catch {
                // Errors of connections name nobody, but are nobody's business either.
                logger.trace("a connection ended early")
            }
        }
        await stream.close()
    }

    private func converse(over stream: any ByteStream, source: HandshakeGate.Source?, place: GatePlace) async throws {
        let identity = identity
        let link = RelayLink(RelayControl(answeringAs: identity), over: stream)
        let (key, first) = try await withDeadline(limits.handshakeTime, .handshake, clock: clock) {
            (try await link.establish(), try await link.message())
        }
        place.leave()
        switch (key, first) {
        case (let key?, .reserve(let seconds)):
            try await hold(RelayDestination(of: key), seconds: seconds, over: link, source: source)
        case (nil, .connect(let destination)):
            try await connect(to: destination, over: link, source: source)
        case (nil, .accept(let token)):
            try await accept(token, over: link)
        default: return
        }
    }

    // MARK: Servers

    /// Keeps a server reachable for as long as its connection lasts and its reservation is refreshed.
    private func hold(
        _ destination: RelayDestination,
        seconds: UInt32,
        over link: RelayLink,
        source: HandshakeGate.Source?
    ) async throws {
        // Room for as many clients as may wait, and for what is said besides.
        let (messages, outbox) = AsyncStream.makeStream(
            of: RelayMessage.self,
            bufferingPolicy: .bufferingOldest(2 * limits.circuitsPerServer + 16)
        )
        let control = state.withLock { state in
            state.nextControl += 1
            let control = Switchboard.ControlID(number: state.nextControl)
            state.controls[control] = ServerLink(outbox: outbox)
            return control
        }
        defer {
            let now = clock.now()
            state.withLock { state in
                state.controls[control] = nil
                state.switchboard.release(destination, control: control, now: now)
            }
        }
        let lastHeard = Shared(clock.now())
        let reserve: @Sendable (UInt32) throws -> Void = { seconds in
            outbox.yield(.reserved(try self.reserve(destination, seconds: seconds, control: control, source: source)))
        }
        do {
            try reserve(seconds)
        } catch let refusal as RelayRefusal {
            return try await refuse(refusal, over: link)
        }
        let name = Self.name(of: destination)
        logger.info("a server is reachable", metadata: ["server": "\(name)"])
        defer { logger.info("a server has left", metadata: ["server": "\(name)"]) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let message = try await link.message() {
                    lastHeard.withLock { $0 = self.clock.now() }
                    switch message {
                    case .reserve(let seconds): try reserve(seconds)
                    case .ping(let number): outbox.yield(.pong(number))
                    case .pong: break
                    case .decline(let token): self.decline(token, destination)
                    default: throw RelayFault.unexpected
                    }
                }
            }
            group.addTask {
                for await message in messages {
                    try await link.send(message)
                    if case .refused = message { return }
                }
            }
            group.addTask { try await self.watch(destination, control: control, lastHeard) }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func reserve(
        _ destination: RelayDestination,
        seconds: UInt32,
        control: Switchboard.ControlID,
        source: HandshakeGate.Source?
    ) throws -> RelayTerms {
        let now = clock.now()
        let result = state.withLock { state in
            state.switchboard.reserve(destination, seconds: seconds, control: control, source: source, now: now)
                .map { ($0.terms, $0.superseded.flatMap { state.controls[$0] }) }
        }
        let (terms, superseded) = try result.get()
        superseded?.outbox.yield(.refused(RelayRefusal(.superseded, retryAfter: .seconds(60))))
        return terms
    }

    /// Ends when the server has been silent for too long, or has let its reservation lapse.
    private func watch(
        _ destination: RelayDestination,
        control: Switchboard.ControlID,
        _ lastHeard: Shared<Duration>
    ) async throws {
        while true {
            // A server that was superseded has none any more; its connection ends when that is said.
            let expiry = state.withLock { $0.switchboard.expiry(of: destination, control: control) }
            let silent = lastHeard.withLock { $0 } + limits.silence
            let end = min(silent, expiry ?? silent)
            guard clock.now() < end else { return }
            try await clock.sleep(end)
        }
    }

    private func decline(_ token: RelayToken, _ destination: RelayDestination) {
        let meeting = state.withLock { state in
            state.switchboard.mayDecline(token, destination) ? state.waiting.removeValue(forKey: token) : nil
        }
        meeting?.settle(.declined)
    }

    // MARK: Circuits

    /// Finds the server for a client, and passes bytes between them until one of them ends it.
    private func connect(
        to destination: RelayDestination,
        over link: RelayLink,
        source: HandshakeGate.Source?
    ) async throws {
        let token = RelayToken()
        let meeting = Meeting()
        let now = clock.now()
        let booking = state.withLock { state -> Result<ServerLink?, RelayRefusal> in
            state.switchboard.connect(to: destination, token: token, source: source, now: now).map { control in
                state.waiting[token] = meeting
                return state.controls[control]
            }
        }
        defer {
            state.withLock { state in
                state.waiting[token] = nil
                state.switchboard.end(token)
            }
        }
        do {
            guard let server = try booking.get() else { throw RelayRefusal(.serverOffline, retryAfter: .seconds(30)) }
            server.outbox.yield(.incoming(token))
            let (stream, over) = try await answer(at: meeting)
            defer { over.finish() }
            let opening = RelayMessage.open(state.withLock { $0.switchboard.circuitLimits })
            try await link.send(opening)
            state.withLock { $0.opened += 1 }
            let circuit = Circuit(client: link.circuit(), server: stream, limits: limits, clock: clock)
            let report = await circuit.run()
            state.withLock { $0.bytes += report.bytes }
            if let end = report.end {
                logger.info("a circuit came to its limit", metadata: ["limit": "\(end.rawValue)"])
            }
        } catch let refusal as RelayRefusal {
            state.withLock { $0.refused += 1 }
            try await refuse(refusal, over: link)
        }
    }

    /// Waits until the server dials back, or says that it won't.
    private func answer(at meeting: Meeting) async throws -> (any ByteStream, AsyncStream<Never>.Continuation) {
        try? await withDeadline(limits.answerTime, .connect, clock: clock) { await meeting.wait() }
        switch meeting.settle(.missed).outcome {
        case .server(let stream, let over): return (stream, over)
        case .declined: throw RelayRefusal(.serverBusy, retryAfter: .seconds(10))
        case .missed: throw RelayRefusal(.noAnswer, retryAfter: .seconds(5))
        }
    }

    /// Brings a server that dials back to its client, and stays until the circuit is over.
    private func accept(_ token: RelayToken, over link: RelayLink) async throws {
        let meeting = state.withLock { state in
            state.switchboard.accept(token) ? state.waiting.removeValue(forKey: token) : nil
        }
        guard let meeting else { return try await refuse(RelayRefusal(.tokenUnknown), over: link) }
        // The client's side speaks only after the server has been told that it may: from then on nothing but the circuit's
        // bytes goes over this connection.
        try await withDeadline(limits.answerTime, .silence, clock: clock) {
            try await link.send(.open(self.state.withLock { $0.switchboard.circuitLimits }))
        }
        let (circuit, over) = AsyncStream.makeStream(of: Never.self)
        guard meeting.settle(.server(link.circuit(), over: over)).isMine else { return }
        for await _ in circuit {}
    }

    private func refuse(_ refusal: RelayRefusal, over link: RelayLink) async throws {
        try await withDeadline(limits.answerTime, .silence, clock: clock) { try await link.send(.refused(refusal)) }
    }

    /// Enough of a server's hash to tell servers apart in a log.
    private static func name(of destination: RelayDestination) -> String {
        destination.bytes.prefix(4).map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
