import Logging
import NIOCore
import NIOPosix
import SodiumCrypto
import Synchronization

#if canImport(Glibc)
    import Glibc
#elseif canImport(Musl)
    import Musl
#else
    import Darwin
#endif

extension PeerServer {
    func listen() async throws -> NIOAsyncChannel<TCPStream, Never> {
        do {
            return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .serverChannelOption(.backlog, value: 1_024)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .bind(host: configuration.host, port: configuration.port) { channel in
                    channel.eventLoop.makeCompletedFuture { try TCPStream(wrapping: channel) }
                }
        } catch {
            throw PeerError.unreachable(target: "\(configuration.host):\(configuration.port)", reason: "\(error)")
        }
    }

    /// Serves one connection, or closes it at once when there is no place for it.
    func handle(_ stream: any ByteStream, from source: HandshakeGate.Source?) async {
        if let place = await gatekeeper.enter(stream, from: source) {
            await serveConnection(
                over: stream.inbound,
                place: place,
                disconnect: { stream.abort() },
                send: { try await stream.send($0) }
            )
        }
        await stream.close()
    }

    /// Runs one connection, whose place at the gate is given back, and what it began that outlives it.
    func serveConnection(
        over inbound: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        place: GatePlace? = nil,
        disconnect: @escaping @Sendable () -> Void = {},
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) async {
        defer { place?.leave() }
        let (id, isDraining, olderIdentities) = state.withLock { state in
            state.nextSession += 1
            return (state.nextSession, state.isDraining, state.olderIdentities)
        }
        let monitor = SessionMonitor(
            ServerSessionMachine(
                settings: machineSettings,
                suites: configuration.suites,
                context: context,
                identity: identity,
                olderIdentities: olderIdentities,
                now: clock.now()
            )
        )
        let shell = SessionShell(monitor: monitor, clock: clock)
        state.withLock { $0.sessions[id] = monitor }
        if isDraining { Self.drain(monitor, now: clock.now()) }
        await withTaskGroup(of: SessionTask.self) { group in
            group.addTask {
                await shell.run(over: inbound, send: send)
                return .writer
            }
            group.addTask {
                await self.program(monitor, connection: id, place: place)
                return .program
            }
            // The shell ends when the session is over and its last word is written.
            while let ended = await group.next(), ended != .writer {}
            state.withLock { _ = $0.sessions.removeValue(forKey: id) }
            let reason = monitor.read { $0.ending?.description ?? "" }
            logger.debug("peer connection ended", metadata: ["reason": "\(reason)"])
            // What serves a conversation goes on without the connection; everything else ends with it.
            if state.withLock({ !$0.hosts.contains(id) }) { group.cancelAll() }
            disconnect()
        }
    }

    static func drain(_ session: SessionMonitor<ServerSessionMachine>, now: Duration) {
        session.change { machine in
            machine.isDraining = true
            machine.settle(now: now)
        }
    }

    private var machineSettings: ServerSessionMachine.Settings {
        ServerSessionMachine.Settings(
            hello: PeerServerParameters(
                time: Self.wallClockMilliseconds(),
                promptByteLimit: UInt32(clamping: configuration.promptByteLimit),
                sessionLimit: configuration.sessionDuration,
                idleLimit: configuration.idleLimit,
                serverShape: configuration.shape,
                clientShape: configuration.clientShape
            ),
            handshakeTimeout: configuration.handshakeTimeout,
            authorizationTimeout: configuration.authorizationTimeout,
            sendBuffer: max(1, configuration.sendBuffer),
            answerByteLimit: configuration.answerByteLimit,
            resumes: configuration.resumeLimit > .zero
        )
    }

    private static func wallClockMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The program's part of a connection: decide about the client; then serve it, unless an older connection's program
    /// does that already.
    private func program(
        _ monitor: SessionMonitor<ServerSessionMachine>,
        connection id: UInt64,
        place: GatePlace?
    ) async {
        do {
            let applicant = try await monitor.wait { machine -> PeerApplicant? in
                if let ending = machine.ending { throw ending }
                return machine.applicant
            }
            place?.keep()
            guard takeSession(for: applicant) else { throw PeerErrorMessage(.busy, retryAfter: .seconds(30)) }
            defer { state.withLock { $0.admitted -= 1 } }
            let admission = try await authorize(applicant)
            place?.leave()
            switch admit(applicant, admission, on: monitor, connection: id) {
            case .gone: return
            case .continued: _ = try await monitor.wait { $0.isOver ? true : nil }
            case .began(let session):
                await host(session, admission)
                state.withLock { state in
                    state.hosts.remove(id)
                    if state.conversations[session.key] === session {
                        state.conversations[session.key] = nil
                        state.newestConnections[session.key] = nil
                    }
                }
            }
        } catch let message as PeerErrorMessage {
            let now = clock.now()
            monitor.change { $0.refuse(message, now: now) }
        } catch {
            fail(monitor, error)
        }
    }

    /// What has become of a client that may come in.
    private enum Arrival {
        /// Its connection is lost already.
        case gone
        /// It goes on with a session that is being served.
        case continued
        /// It begins a session.
        case began(PeerServerSession)
    }

    private func admit(
        _ applicant: PeerApplicant,
        _ admission: PeerAdmission,
        on monitor: SessionMonitor<ServerSessionMachine>,
        connection id: UInt64
    ) -> Arrival {
        let now = clock.now()
        let session = PeerServerSession(monitor: monitor, clock: clock, applicant: applicant, lock: admission.lock)
        return state.withLock { state in
            guard monitor.read({ $0.phase == .authorizing }) else { return .gone }
            if let older = state.conversations[session.key], older.lock == admission.lock {
                // The check of an older connection may have taken longer than that of the one that replaced it.
                guard id > state.newestConnections[session.key] ?? 0 else {
                    monitor.change { $0.end(.closed(.superseded)) }
                    return .gone
                }
                state.newestConnections[session.key] = id
                let isContinued = older.link.move(to: monitor) { old, new in
                    let conversation = old.change { $0.surrender(now: now) }
                    new.change { _ = $0.admit(admission, continuing: conversation, now: now) }
                }
                if isContinued { return .continued }
            }
            guard monitor.change({ $0.admit(admission, now: now) }) else { return .gone }
            state.conversations[session.key]?.link.change { $0.giveUp(.closed(.superseded)) }
            state.conversations[session.key] = session
            state.newestConnections[session.key] = id
            state.hosts.insert(id)
            return .began(session)
        }
    }

    /// Serves a session until it is finished, over whichever connection carries it.
    private func host(_ session: PeerServerSession, _ admission: PeerAdmission) async {
        defer { session.link.close() }
        do {
            try await withThrowingTaskGroup(of: SessionTask.self) { group in
                group.addTask {
                    try await self.checkVouchers(session, admission)
                    return .reader
                }
                group.addTask {
                    try await self.serve(session)
                    let end = self.clock.now()
                    session.link.change { $0.close(.done, now: end) }
                    // Until the client has gone it may send a last voucher.
                    _ = try await session.link.wait { $0.isFinished ? true : nil }
                    return .program
                }
                group.addTask {
                    try await self.outlast(session)
                    return .grace
                }
                defer { group.cancelAll() }
                while try await group.next() == .reader {}
            }
        } catch let message as PeerErrorMessage {
            let now = clock.now()
            session.link.change { $0.refuse(message, now: now) }
        } catch {
            fail(session.link.monitor, error)
        }
    }

    /// Returns when nothing more is to be expected of a session: it has ended, and its program had time to see that; or its
    /// client has stayed away for too long.
    private func outlast(_ session: PeerServerSession) async throws {
        var hasGivenUp = false
        while true {
            let isFinished = try await session.link.wait { machine -> Bool? in
                if machine.isFinished { return true }
                return machine.isParked ? false : nil
            }
            if isFinished { break }
            do {
                _ = try await withDeadline(configuration.resumeLimit, .session, clock: clock) {
                    try await session.link.wait { $0.isParked ? nil : true }
                }
            } catch PeerError.deadlineExceeded {
                session.link.change { $0.giveUp() }
                hasGivenUp = true
            }
        }
        if case .closed = session.link.read({ $0.ending }) { hasGivenUp = true }
        guard hasGivenUp else { return }
        // No sudden end: the program hears of it from its next call and finishes by itself.
        try await clock.sleep(clock.now() + SessionTiming.programGrace)
    }

    private func fail(_ monitor: SessionMonitor<ServerSessionMachine>, _ error: any Error) {
        // A session that ended under the program's hands is no failure of the program.
        let now = clock.now()
        if monitor.change({ $0.endGently(after: error as? PeerError, now: now) }) { return }
        if !(error is CancellationError) {
            logger.error("serving a session failed", metadata: ["error": "\(error)"])
        }
        monitor.change { $0.refuse(PeerErrorMessage(.internalError, retryAfter: .seconds(10)), now: now) }
    }

    private enum NextVoucher: Sendable {
        case voucher(PeerVoucher)
        case end
    }

    private func takeSession(for applicant: PeerApplicant) -> Bool {
        let key = ConversationKey(request: applicant.request.address, clientKey: applicant.clientKey)
        return state.withLock { state in
            // Who comes back has a place already.
            guard state.admitted < configuration.sessionLimit || state.conversations[key] != nil else { return false }
            state.admitted += 1
            return true
        }
    }

    /// Hands vouchers to the program one by one, newest first; what it has stored counts.
    ///
    /// A voucher that has arrived is money: it is handed over even when the connection has just been lost.
    private func checkVouchers(_ session: PeerServerSession, _ admission: PeerAdmission) async throws {
        while true {
            let next = try await session.link.wait { machine -> NextVoucher? in
                if let voucher = machine.takeCandidateVoucher() { return .voucher(voucher) }
                return machine.isFinished ? .end : nil
            }
            guard case .voucher(let voucher) = next else { return }
            // A task of its own, awaited right here: the loss of the connection must not interrupt the storing.
            try await Task.shielded { try await admission.acceptVoucher(voucher) }.value
            session.link.change { $0.voucherAccepted(voucher) }
        }
    }
}
