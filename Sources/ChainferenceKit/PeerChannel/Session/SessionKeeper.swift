import Synchronization

/// Keeps a client's session on a connection: opens the first one, and another when one is lost, as the policy says.
struct SessionKeeper: Sendable {
    typealias Monitor = SessionMonitor<ClientSessionMachine>

    /// What the session's owner sees and does: the machine of the moment, and the end.
    let link: SessionLink<ClientSessionMachine>

    private let clock: SessionClock
    private let connect: PeerClient.Connect
    private let options: PeerClient.Options
    private let next: @Sendable () throws -> Monitor
    private let progress = Progress()

    /// Whether there is a connection, and whether another one is wanted.
    private final class Progress: Sendable {
        struct State: Sendable {
            var isConnected = false
            var isStopped = false
        }

        let state = Mutex(State())
    }

    /// - Parameters:
    ///   - clock: Measures pauses and deadlines.
    ///   - connect: Opens a connection and lends it.
    ///   - options: The policy, and who hears of it.
    ///   - first: The machine of the first connection.
    ///   - next: Makes the machine of another connection.
    init(
        clock: SessionClock,
        connect: @escaping PeerClient.Connect,
        options: PeerClient.Options,
        first: Monitor,
        next: @escaping @Sendable () throws -> Monitor
    ) {
        self.clock = clock
        self.connect = connect
        self.options = options
        self.next = next
        link = SessionLink(first)
    }

    /// Wants no other connection from now on.
    ///
    /// - Returns: Whether there is a connection, which ends by itself.
    func stop() -> Bool {
        progress.state.withLock { state in
            state.isStopped = true
            return state.isConnected
        }
    }

    /// Returns when the session is over.
    func run() async {
        var began = clock.now()
        await carry(link.monitor, attempts: 0)
        var failures = 0
        var received = progressOfAnswer
        while let cause = link.read({ $0.isParked ? $0.ending : nil }), !isStopped {
            // A connection that was good for something gives the next one all its attempts again.
            if progressOfAnswer != received || clock.now() - began >= Self.longEnough { failures = 0 }
            received = progressOfAnswer
            options.onConnection(.lost(cause))
            guard await restore(after: cause, failures: &failures, began: &began) else { break }
        }
        // Whatever is left waits for nothing any more.
        link.change { $0.giveUp() }
    }

    /// How long a connection has to last to count as a good one although nothing was received.
    private static let longEnough = Duration.seconds(60)

    private var isStopped: Bool { progress.state.withLock { $0.isStopped } }

    private var progressOfAnswer: [UInt64] {
        link.read { machine in machine.answer.map { [UInt64($0.number), $0.received] } ?? [] }
    }

    /// Tries until another connection has carried the session, or the policy has had enough.
    private func restore(after loss: PeerError, failures: inout Int, began: inout Duration) async -> Bool {
        var cause = loss
        while !isStopped, !Task.isCancelled {
            failures += 1
            guard let pause = options.reconnection.pause(failures, cause) else { return false }
            do {
                if pause > .zero { try await clock.sleep(clock.now() + pause) }
                let monitor = try next()
                began = clock.now()
                if await carry(monitor, attempts: failures) { return true }
                cause = monitor.read { $0.ending } ?? cause
            } catch let error as PeerError {
                cause = error
            } catch {
                return false
            }
        }
        return false
    }

    /// Runs one connection from its beginning to its end.
    ///
    /// - Returns: Whether it carried the session at some time.
    @discardableResult
    private func carry(_ monitor: Monitor, attempts: Int) async -> Bool {
        let shell = SessionShell(monitor: monitor, clock: clock)
        let isFirst = attempts == 0
        do {
            try await connect { inbound, send in
                progress.state.withLock { $0.isConnected = true }
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { await shell.run(over: inbound, send: send) }
                    if !isFirst { group.addTask { await takeOver(monitor, attempts: attempts) } }
                }
                progress.state.withLock { $0.isConnected = false }
            }
        } catch {
            monitor.change { $0.end(error as? PeerError ?? .connectionLost(reason: "\(error)")) }
        }
        return link.monitor === monitor
    }

    /// Moves the session to a connection as soon as its handshake is done.
    private func takeOver(_ monitor: Monitor, attempts: Int) async {
        let isReady = try? await monitor.wait { machine -> Bool? in
            if machine.phase == .open { return true }
            return machine.isOver ? false : nil
        }
        guard isReady == true, !isStopped else {
            monitor.change { $0.leave() }
            return
        }
        link.move(to: monitor) { old, new in
            let conversation = old.change { $0.surrender() }
            new.change { $0.adopt(conversation) }
        }
        options.onConnection(.restored(attempts: attempts))
    }
}
