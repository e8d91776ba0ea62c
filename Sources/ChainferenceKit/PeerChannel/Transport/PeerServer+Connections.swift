import Logging
import NIOCore
import NIOPosix
import Noise
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
            await serveConnection(over: stream.inbound, place: place) { try await stream.send($0) }
        }
        await stream.close()
    }

    /// Runs one session over a connection; its place at the gate is given back.
    func serveConnection(
        over inbound: some AsyncSequence<ByteBuffer, any Error> & Sendable,
        place: GatePlace? = nil,
        send: @escaping @Sendable (ByteBuffer) async throws -> Void
    ) async {
        defer { place?.leave() }
        let machine: ServerSessionMachine
        do throws(NoiseError) {
            machine = try ServerSessionMachine(
                settings: machineSettings,
                context: context,
                identity: identity,
                now: clock.now()
            )
        } catch {
            return
        }
        let monitor = SessionMonitor(machine)
        let shell = SessionShell(monitor: monitor, clock: clock)
        let (id, isDraining) = state.withLock { state in
            state.nextSession += 1
            state.sessions[state.nextSession] = monitor
            return (state.nextSession, state.isDraining)
        }
        defer { state.withLock { _ = $0.sessions.removeValue(forKey: id) } }
        if isDraining { Self.drain(monitor, now: clock.now()) }
        await withTaskGroup(of: SessionTask.self) { group in
            group.addTask {
                await shell.read(inbound)
                return .reader
            }
            group.addTask {
                await shell.write(send)
                return .writer
            }
            group.addTask {
                await shell.beat()
                return .beat
            }
            group.addTask {
                await self.program(monitor, place: place)
                return .program
            }
            // The writer ends when the session is over and its last word is written.
            while let ended = await group.next(), ended != .writer {}
            if case .closed = monitor.read({ $0.ending }) {
                // An end in good order: the program hears of it from its next call and finishes by itself.
                group.addTask {
                    try? await self.clock.sleep(self.clock.now() + SessionTiming.programGrace)
                    return .grace
                }
                while let ended = await group.next(), ended != .program, ended != .grace {}
            }
            group.cancelAll()
        }
        logger.debug("peer session ended", metadata: ["reason": "\(monitor.read { $0.ending?.description ?? "" })"])
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
            sendBuffer: max(1, configuration.sendBuffer)
        )
    }

    private static func wallClockMilliseconds() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Int64(time.tv_sec) * 1_000 + Int64(time.tv_nsec) / 1_000_000
    }

    /// The program's part of a session: decide about the client, check vouchers, serve.
    private func program(_ monitor: SessionMonitor<ServerSessionMachine>, place: GatePlace?) async {
        do {
            let applicant = try await monitor.wait { machine -> PeerApplicant? in
                if let ending = machine.ending { throw ending }
                return machine.applicant
            }
            place?.keep()
            guard takeSession() else { throw PeerErrorMessage(.busy, retryAfter: .seconds(30)) }
            defer { state.withLock { $0.admitted -= 1 } }
            let admission = try await authorize(applicant)
            place?.leave()
            let now = clock.now()
            monitor.change { $0.admit(admission, now: now) }
            let session = PeerServerSession(monitor: monitor, clock: clock, applicant: applicant)
            try await withThrowingTaskGroup(of: SessionTask.self) { group in
                group.addTask {
                    try await self.checkVouchers(monitor, admission)
                    return .reader
                }
                group.addTask {
                    try await self.serve(session)
                    let end = self.clock.now()
                    monitor.change { $0.close(.done, now: end) }
                    // Until the client has gone it may send a last voucher.
                    _ = try await monitor.wait { $0.isOver ? true : nil }
                    return .program
                }
                defer { group.cancelAll() }
                while try await group.next() == .reader {}
            }
        } catch let message as PeerErrorMessage {
            let now = clock.now()
            monitor.change { $0.refuse(message, now: now) }
        } catch {
            // A session that ended under the program's hands is no failure of the program.
            let now = clock.now()
            if monitor.change({ $0.endGently(after: error as? PeerError, now: now) }) { return }
            if !(error is CancellationError) {
                logger.error("serving a session failed", metadata: ["error": "\(error)"])
            }
            monitor.change { $0.refuse(PeerErrorMessage(.internalError, retryAfter: .seconds(10)), now: now) }
        }
    }

    private enum NextVoucher: Sendable {
        case voucher(PeerVoucher)
        case end
    }

    private func takeSession() -> Bool {
        state.withLock { state in
            guard state.admitted < configuration.sessionLimit else { return false }
            state.admitted += 1
            return true
        }
    }

    /// Hands vouchers to the program one by one, newest first; what it has stored counts.
    ///
    /// A voucher that has arrived is money: it is handed over even when the connection has just been lost.
    private func checkVouchers(_ monitor: SessionMonitor<ServerSessionMachine>, _ admission: PeerAdmission) async throws
    {
        while true {
            let next = try await monitor.wait { machine -> NextVoucher? in
                if let voucher = machine.takeCandidateVoucher() { return .voucher(voucher) }
                return machine.isOver ? .end : nil
            }
            guard case .voucher(let voucher) = next else { return }
            // A task of its own, awaited right here: the loss of the connection must not interrupt the storing.
            try await Task { try await admission.acceptVoucher(voucher) }.value
            monitor.change { $0.voucherAccepted(voucher) }
        }
    }
}
