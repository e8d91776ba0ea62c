import Logging

extension PeerServer {
    /// A client that waits at a relay, and the way to turn it away.
    private struct Caller: Sendable {
        var token: RelayToken
        var decline: @Sendable () -> Void
    }

    /// How many callers may wait to be taken up, and how many may be dialled for at a time; the relay's own limit is lower.
    private static let callerLimit = 256

    /// Serves the clients of one relay until cancelled or drained, and then until the last of their sessions has ended.
    ///
    /// - Parameters:
    ///   - relay: The relay, which the operator has chosen: no dial policy applies.
    ///   - onReserved: Called whenever the server has become reachable.
    func serve(via relay: RelayAddress, onReserved: @escaping @Sendable () -> Void) async {
        let (callers, arrivals) = AsyncStream.makeStream(
            of: Caller.self,
            bufferingPolicy: .bufferingOldest(Self.callerLimit)
        )
        await withDiscardingTaskGroup { group in
            group.addTask {
                _ = await self.untilDrained { await self.stayReserved(at: relay, arrivals, onReserved: onReserved) }
                arrivals.finish()
            }
            let dialling = Shared(0)
            for await caller in callers {
                // A relay that announces without end must not use up this machine's sockets.
                let hasRoom = dialling.withLock { count in
                    guard count < Self.callerLimit else { return false }
                    count += 1
                    return true
                }
                guard hasRoom else {
                    caller.decline()
                    continue
                }
                group.addTask { await self.take(up: caller, at: relay) { dialling.withLock { $0 -= 1 } } }
            }
        }
    }

    private var relayDialer: Dialer {
        Dialer(
            policy: .anywhere,
            proxy: configuration.relayProxy,
            timeout: configuration.handshakeTimeout,
            clock: clock
        )
    }

    /// Keeps a reservation at a relay until cancelled; a lost connection is made again after a pause.
    private func stayReserved(
        at relay: RelayAddress,
        _ arrivals: AsyncStream<Caller>.Continuation,
        onReserved: @escaping @Sendable () -> Void
    ) async {
        var backOff = BackOff()
        while !Task.isCancelled {
            let hadSuccess = Shared(false)
            var retryAfter: Duration?
            do {
                let stream = try await relayDialer.connect(to: relay.endpoint)
                try await stream.closing {
                    try await self.reserve(at: relay, over: stream, arrivals) { terms in
                        hadSuccess.withLock { $0 = true }
                        self.logger.notice(
                            "reachable via the relay",
                            metadata: ["relay": "\(relay)", "circuits": "\(terms.circuits)"]
                        )
                        onReserved()
                    }
                }
            } catch {
                if Task.isCancelled { return }
                if case .relayRefused(let refusal)? = error as? PeerError {
                    // Two processes with one key would drive each other out without end.
                    retryAfter = refusal.code == .superseded ? backOff.limit : refusal.retryAfter
                }
                logger.warning(
                    "the relay can't be used at the moment",
                    metadata: ["relay": "\(relay)", "error": "\(error)"]
                )
            }
            if hadSuccess.withLock({ $0 }) { backOff.succeed() }
            let pause = backOff.next(retryAfter: retryAfter, jitter: .random(in: 0...1))
            try? await clock.sleep(clock.now() + pause)
        }
    }

    /// Holds one reservation for as long as its connection lasts.
    private func reserve(
        at relay: RelayAddress,
        over stream: any ByteStream,
        _ arrivals: AsyncStream<Caller>.Continuation,
        onReserved: @escaping @Sendable (RelayTerms) -> Void
    ) async throws {
        let link = RelayLink(try RelayControl(speakingTo: relay.key, as: identity), over: stream)
        _ = try await withDeadline(configuration.handshakeTimeout, .handshake, clock: clock) {
            try await link.establish()
        }
        let reservation = Shared(RelayReservation(now: clock.now()))
        let (outbox, out) = AsyncStream.makeStream(of: RelayMessage.self, bufferingPolicy: .bufferingOldest(512))
        out.yield(reservation.withLock { $0.request })
        let perform: @Sendable ([RelayReservation.Action]) throws -> Void = { actions in
            for action in actions {
                switch action {
                case .send(let message): out.yield(message)
                case .announce(let terms): onReserved(terms)
                case .takeUp(let token): arrivals.yield(Caller(token: token) { out.yield(.decline(token)) })
                case .end(let error): throw error
                }
            }
        }
        let clock = clock
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let message = try await link.message() {
                    try perform(reservation.withLock { $0.receive(message, now: clock.now()) })
                }
                throw PeerError.connectionLost(reason: "the relay closed the connection")
            }
            group.addTask {
                for await message in outbox { try await link.send(message) }
            }
            group.addTask {
                while true {
                    try await clock.sleep(reservation.withLock { $0.nextTick })
                    try perform(reservation.withLock { $0.tick(now: clock.now()) })
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Dials back to the relay for one client, and serves it.
    ///
    /// - Parameters:
    ///   - caller: The client.
    ///   - relay: Where it waits.
    ///   - onDialled: Called once, when the gate counts the connection or there is none.
    private func take(up caller: Caller, at relay: RelayAddress, onDialled: @Sendable () -> Void) async {
        let stream: any ByteStream
        do {
            stream = try await relayDialer.connect(to: relay.endpoint)
        } catch {
            onDialled()
            logger.debug("a circuit could not be taken up", metadata: ["error": "\(error)"])
            return
        }
        do {
            // The relay has counted the client's network; where it comes from is nothing that a server learns.
            let entered = await gatekeeper.enter(stream, from: nil)
            onDialled()
            guard let place = entered else {
                caller.decline()
                await stream.close()
                return
            }
            defer { place.leave() }
            try await stream.closing {
                let circuit = try await withDeadline(configuration.handshakeTimeout, .connect, clock: clock) {
                    try await RelayCircuit.accept(caller.token, over: stream, relay: relay)
                }
                await serveConnection(
                    over: circuit.inbound,
                    place: place,
                    disconnect: { stream.abort() },
                    send: { try await circuit.send($0) }
                )
            }
        } catch {
            logger.debug("a circuit could not be taken up", metadata: ["error": "\(error)"])
        }
    }
}
