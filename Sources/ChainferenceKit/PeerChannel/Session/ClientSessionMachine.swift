import Noise
import SodiumCrypto

/// A client's side of one connection as a pure state machine; the counterpart of ``ServerSessionMachine``.
struct ClientSessionMachine: ~Copyable, Sendable {
    /// What a connection begins with.
    struct Settings: Sendable {
        var request: PeerRequest
        var shaping: PeerShaping
        var handshakeTimeout: Duration
        var window: UInt32
        var firstPromptNumber: UInt32
        /// Whether a lost connection can be followed by another that goes on where it broke.
        var resumes = false
    }

    enum Phase: Hashable, Sendable {
        /// The first message is sent; the second is awaited.
        case handshake
        case open
        case over
    }

    let suite: PeerSuite
    let settings: Settings
    var phase = Phase.handshake
    /// Why the session ended, once it has.
    var ending: PeerError?
    /// The server's tick, as its hello or its newest ACCEPT has it.
    var serverTick = SessionTiming.idleBeat
    /// What the server said about itself, once the handshake is done.
    var server: PeerServerParameters?
    var channelBinding: [UInt8] = []

    var handshake: NoiseHandshake?
    /// The key to which the server encapsulates a secret, in suite 2 and until it has.
    var encapsulation: KeyEncapsulation.PrivateKey?
    var layer: RecordLayer?
    var incoming = FrameBuffer()
    var reassembler = MessageReassembler(promptLimit: 0)
    var writer = RecordWriter()
    var keepalive: Keepalive
    var cadence: StreamCadence
    var answer: IncomingAnswer?
    var nextPromptNumber: UInt32
    /// The prompt under way as long as nobody knows whether it has arrived.
    var submitted: PromptMessage?
    /// Whether the connection is lost, and another may go on with what this one leaves.
    var isParked = false
    /// Whether another machine has taken over.
    var hasSurrendered = false
    /// The newest voucher that was given, sent or not.
    var newestVoucher: PeerVoucher?
    /// The newest voucher that has not been sent.
    var pendingVoucher: PeerVoucher?
    var sentWindowLast = false
    var queue: [QueuedMessage] = []
    var deadline: Duration
    var isClosing = false
    /// Whether the last word is written; a voucher that waits goes before it.
    var hasSentClose = false
    var serverCloseReason: PeerCloseReason?

    init(
        settings: Settings,
        suite: PeerSuite = .noiseXK,
        context: PeerContext,
        serverKey: X25519.PublicKey,
        identity: X25519.PrivateKey,
        ephemeral: X25519.PrivateKey? = nil,
        now: Duration
    ) throws(NoiseError) {
        self.settings = settings
        self.suite = suite
        keepalive = Keepalive(now: now)
        cadence = StreamCadence(shape: settings.shaping == .off ? nil : .client)
        nextPromptNumber = max(1, settings.firstPromptNumber)
        deadline = now + settings.handshakeTimeout
        var handshake = try NoiseHandshake(
            pattern: suite.pattern,
            role: .initiator,
            prologue: context.prologue(suite: suite),
            localStatic: identity,
            remoteStatic: serverKey,
            presharedKeys: suite.encapsulates ? nil : [],
            ephemeral: ephemeral
        )
        encapsulation = suite.encapsulates ? try KeyEncapsulation.PrivateKey() : nil
        var message: [UInt8] = []
        let payload = encapsulation?.publicKey ?? []
        try payload.withUnsafeBufferPointer { payload throws(NoiseError) in
            try handshake.writeMessage(payload: UnsafeRawBufferPointer(payload), appendingTo: &message)
        }
        writer.append([suite.rawValue, UInt8(message.count >> 8), UInt8(message.count & 255)] + message)
        self.handshake = consume handshake
    }

    // MARK: For the shell

    /// Whether the shell should disconnect once the output is drained.
    var isOver: Bool { phase == .over }
    /// Always: the server's data is bounded by the window.
    var wantsInput: Bool { true }
    /// Whether there is something to write.
    var hasOutput: Bool { writer.hasOutput }
    /// The time between two beats.
    var beatInterval: Duration {
        phase == .open ? cadence.shape?.tick ?? SessionTiming.idleBeat : SessionTiming.idleBeat
    }

    /// Exchanges the output for an emptied buffer.
    mutating func drainOutput(into buffer: inout [UInt8]) {
        writer.drain(into: &buffer)
        pump()
    }

    /// Takes what has arrived.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, now: Duration) {
        guard phase != .over else { return }
        incoming.append(bytes)
        keepalive.heard(at: now)
        process()
    }

    /// The connection is gone.
    ///
    /// - Parameters:
    ///   - reason: What the system says; `nil` when the server closed its side.
    ///   - now: The time.
    mutating func disconnected(_ reason: String?, now: Duration) {
        guard phase != .over else { return }
        if phase == .handshake {
            end(.handshakeClosed)
        } else if let answer, !answer.isOver {
            end(.truncated(received: answer.received))
        } else if isClosing || serverCloseReason != nil {
            end(.closed(serverCloseReason ?? .done))
        } else {
            end(.connectionLost(reason: reason ?? "the server closed the connection"))
        }
    }

    /// A tick of the stream's cadence: deadlines, sign of life, and exactly one record if the stream is running.
    mutating func beat(now: Duration) {
        switch phase {
        case .over: return
        case .handshake:
            if now >= deadline { end(.deadlineExceeded(.handshake)) }
            return
        case .open: break
        }
        if isClosing, now >= deadline { return end(.closed(.done)) }
        switch keepalive.beat(at: now) {
        case .nothing: break
        case .ping: queue.append(QueuedMessage(.ping(UInt64(bitPattern: now.wholeMilliseconds))))
        case .giveUp: return end(.deadlineExceeded(.silence))
        }
        if let shape = cadence.shape {
            guard !writer.hasOutput else { return }
            attempt { machine throws(PeerError) in
                if try !machine.writeNext(wireSize: shape.recordSize), machine.cadence.isRunning {
                    try machine.write(.pad, body: [], wireSize: shape.recordSize)
                }
            }
        }
        settle()
    }

    // MARK: Endings

    /// Ends the session at once; output that waits is still drained.
    mutating func end(_ error: PeerError) {
        guard phase != .over else { return }
        isParked =
            settings.resumes && phase == .open && error.isLoss && !isClosing && serverCloseReason == nil
            && !hasSurrendered
        phase = .over
        if ending == nil { ending = error }
        if !isParked { answer?.fail(error) }
        layer = nil
        handshake = nil
        queue = []
        incoming = FrameBuffer()
    }

    /// Begins to close in good order.
    mutating func close(now: Duration) {
        if isParked { return giveUp(.closed(.done)) }
        guard phase == .open else { return end(.closed(.done)) }
        guard !isClosing else { return }
        isClosing = true
        // The last words take up to four ticks of the client's own. The server names its tick: it must not keep a client long.
        let end = max(serverTick * cadence.longestEnd, (cadence.shape?.tick ?? .zero) * 4)
        deadline = now + min(end, SessionTiming.longestEnd) + SessionTiming.linger
        answer?.fail(.closed(.done))
        settle()
    }

    /// Says good-bye at once, without waiting for the stream's cadence or its padded end.
    mutating func leave() {
        deadline = .zero
        if isParked { return giveUp(.closed(.done)) }
        if phase == .open {
            isClosing = true
            queue = []
            answer?.fail(.closed(.done))
            // The voucher that waits, then the last word.
            attempt { machine throws(PeerError) in
                while try machine.writeNext(wireSize: machine.cadence.shape?.recordSize) {}
            }
        }
        end(.closed(serverCloseReason ?? .done))
    }

    /// Looks whether the server's stream has come to its end, and with it a closing session.
    mutating func settle() {
        pump()
        guard phase == .open, let records = layer?.receivedCount else { return }
        let answering = answer.map { !$0.isOver } ?? false
        cadence.update(answering: answering, serverRecords: records)
        guard isClosing, hasSentClose || serverCloseReason != nil, pendingVoucher == nil, queue.isEmpty,
            !answering, !cadence.isRunning
        else { return }
        end(.closed(serverCloseReason ?? .done))
    }

    /// Runs something that may break the session.
    mutating func attempt(_ body: (inout ClientSessionMachine) throws(PeerError) -> Void) {
        do throws(PeerError) {
            try body(&self)
        } catch {
            end(error)
        }
    }
}
