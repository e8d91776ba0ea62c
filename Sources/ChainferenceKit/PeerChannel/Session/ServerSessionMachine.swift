import Noise
import SodiumCrypto

/// A server's side of one connection as a pure state machine: bytes and beats go in, bytes and decisions come out.
///
/// It does no input or output and reads no clock. The shell gives it what arrives (``receive(_:now:)``), a beat for every
/// ``beatInterval`` (``beat(now:)``), and what the program wants; it drains ``drainOutput(into:)`` and disconnects when
/// ``isOver`` and the output is empty.
struct ServerSessionMachine: ~Copyable, Sendable {
    /// What a connection begins with.
    struct Settings: Sendable {
        var hello: PeerServerParameters
        var handshakeTimeout: Duration
        var authorizationTimeout: Duration
        var sendBuffer: Int
        /// The most bytes that one answer may have: all of them are kept.
        var answerByteLimit = 16 << 20
        /// Whether a lost connection can be followed by another that goes on where it broke.
        var resumes = true
    }

    enum Phase: Hashable, Sendable {
        /// Nothing has arrived; then the suite's number, the first message, the third.
        case preface
        case firstMessage
        case thirdMessage
        /// The client has proved its key; the program decides.
        case authorizing
        /// Prompts may come.
        case open
        /// The client was refused; what still arrives is thrown away until it goes.
        case lingering(until: Duration)
        case over
    }

    /// How many messages may wait for the wire besides an answer.
    static let queueLimit = 16
    /// How often one connection may ask to go on with an answer: checking the prefix costs time.
    static let resumeLimit = 4

    let settings: Settings
    /// The suites that are accepted.
    let suites: Set<PeerSuite>
    let context: PeerContext
    /// The suite that the client's first byte names.
    var suite = PeerSuite.noiseXK
    /// The keys under which clients may come, the present one first.
    let identities: [X25519.PrivateKey]
    let ephemeral: X25519.PrivateKey?
    var phase = Phase.preface
    /// Why the session ended, once it has.
    var ending: PeerError?
    /// The key under which the client came.
    var serverKey: X25519.PublicKey?
    /// The client that asks to be admitted, once it has proved its key.
    var applicant: PeerApplicant?
    var clientShaping = PeerShaping.constantRate

    var handshake: NoiseHandshake?
    var layer: RecordLayer?
    var incoming = FrameBuffer()
    var reassembler: MessageReassembler
    var writer = RecordWriter()
    var queue: [QueuedMessage] = []
    var keepalive: Keepalive
    var cadence: StreamCadence
    var answer: OutgoingAnswer?
    /// The prompt before, for a client that lost its connection at the end of it.
    var lastPrompt: PromptOutcome?
    /// A prompt that the program has not taken yet.
    var pendingPrompt: PeerPrompt?
    var nextPromptNumber: UInt32 = 1
    var deadline: Duration
    var lastActivity: Duration
    /// When bytes of the answer last went out, or none waited.
    var lastProgress: Duration
    var lastSentLength: UInt64 = 0
    var clientHasClosed = false
    var closeReason: PeerCloseReason?
    /// Whether everything is said and only the client's last word is awaited.
    var isLingering = false
    /// Whether the session ends with the answer under way.
    var isDraining = false
    var candidateVoucher: PeerVoucher?
    /// Whether the program is looking at a voucher.
    var isCheckingVoucher = false
    /// The newest voucher that the program has accepted.
    var acceptedVoucher: PeerVoucher?
    /// Whether the connection is lost, and another may go on with what this one leaves.
    var isParked = false
    /// Whether another machine has taken over: this one knows nothing of prompts and vouchers any more.
    var hasSurrendered = false
    var resumesLeft = ServerSessionMachine.resumeLimit
    /// When the machine was last given something.
    var lastSeen: Duration

    init(
        settings: Settings,
        suites: Set<PeerSuite> = [.noiseXK],
        context: PeerContext,
        identity: X25519.PrivateKey,
        olderIdentities: [X25519.PrivateKey] = [],
        ephemeral: X25519.PrivateKey? = nil,
        now: Duration
    ) {
        self.settings = settings
        self.suites = suites
        self.context = context
        self.ephemeral = ephemeral
        identities = [identity] + olderIdentities
        lastSeen = now
        reassembler = MessageReassembler(
            promptLimit: Int(settings.hello.promptByteLimit) + PromptMessage.headerSize
        )
        keepalive = Keepalive(now: now)
        cadence = StreamCadence(
            shape: settings.hello.serverShape,
            recordsAfterAnswer: StreamShape.recordsAfterAnswer(
                client: settings.hello.clientShape,
                server: settings.hello.serverShape
            )
        )
        deadline = now + settings.handshakeTimeout
        lastActivity = now
        lastProgress = now
    }

    // MARK: For the shell

    /// Whether the shell should disconnect once the output is drained.
    var isOver: Bool { phase == .over }

    /// Whether the shell should go on reading: while the program decides about a client, its bytes wait in the kernel.
    var wantsInput: Bool { phase != .authorizing }

    /// Whether there is something to write.
    var hasOutput: Bool { writer.hasOutput }

    /// The time between two beats.
    var beatInterval: Duration {
        switch phase {
        case .open: cadence.shape?.tick ?? SessionTiming.idleBeat
        default: SessionTiming.idleBeat
        }
    }

    /// Exchanges the output for an emptied buffer.
    mutating func drainOutput(into buffer: inout [UInt8]) {
        writer.drain(into: &buffer)
        pump()
    }

    /// Takes what has arrived.
    mutating func receive(_ bytes: UnsafeRawBufferPointer, now: Duration) {
        switch phase {
        case .over, .lingering: return
        default: break
        }
        incoming.append(bytes)
        keepalive.heard(at: now)
        lastSeen = now
        process(now: now)
    }

    /// The connection is gone.
    ///
    /// - Parameters:
    ///   - reason: What the system says; `nil` when the client closed its side.
    ///   - now: The time.
    mutating func disconnected(_ reason: String?, now: Duration) {
        guard phase != .over else { return }
        lastSeen = now
        if phase != .open, applicant == nil {
            end(.handshakeClosed)
        } else if clientHasClosed || closeReason != nil {
            end(.closed(closeReason ?? .done))
        } else {
            end(.connectionLost(reason: reason ?? "the client closed the connection"))
        }
    }

    /// A tick of the stream's cadence: deadlines, sign of life, and exactly one record if the stream is running.
    mutating func beat(now: Duration) {
        if phase != .over { lastSeen = now }
        switch phase {
        case .over: return
        case .preface, .firstMessage, .thirdMessage:
            if now >= deadline { end(.deadlineExceeded(.handshake)) }
            return
        case .authorizing:
            if now >= deadline {
                refuse(PeerErrorMessage(.busy, retryAfter: .seconds(10), text: "the check took too long"), now: now)
                ending = .deadlineExceeded(.authorization)
            }
            return
        case .lingering(let until):
            if now >= until { end(ending ?? .closed(closeReason ?? .done)) }
            return
        case .open: break
        }
        switch keepalive.beat(at: now) {
        case .nothing: break
        case .ping: enqueue(.ping(UInt64(bitPattern: now.wholeMilliseconds)))
        case .giveUp: return end(.deadlineExceeded(.silence))
        }
        if closeReason != nil, now >= deadline { return end(.closed(closeReason ?? .done)) }
        if closeReason == nil, !clientHasClosed {
            if now >= deadline {
                close(.timeLimit, now: now)
            } else if answer?.isAttached != true, now - lastActivity >= settings.hello.idleLimit {
                close(.idle, now: now)
            }
        }
        if let answer, answer.isAttached {
            lastActivity = now
            if answer.waitingCount == 0 || answer.sentLength != lastSentLength {
                lastSentLength = answer.sentLength
                lastProgress = now
            } else if now - lastProgress >= SessionTiming.stallLimit {
                return end(.deadlineExceeded(.stall))
            }
        }
        if let shape = cadence.shape {
            // A record that the network has not taken yet counts for this beat: nothing piles up behind a slow reader.
            guard !writer.hasOutput else { return }
            attempt { machine throws(PeerError) in
                if try !machine.writeNext(wireSize: shape.recordSize), machine.cadence.isRunning {
                    try machine.write(.pad, body: [], wireSize: shape.recordSize)
                }
            }
        }
        settle(now: now)
    }

    // MARK: Endings

    /// Ends the session at once; output that waits is still drained.
    mutating func end(_ error: PeerError) {
        guard phase != .over else { return }
        let mayBeContinued =
            settings.resumes && phase == .open && error.isLoss && !isDraining && !clientHasClosed && closeReason == nil
            && !hasSurrendered
        phase = .over
        if ending == nil { ending = error }
        layer = nil
        handshake = nil
        queue = []
        incoming = FrameBuffer()
        if mayBeContinued {
            isParked = true
            answer?.detach()
        } else if !isParked {
            answer = nil
            pendingPrompt = nil
        }
    }

    /// Tells the client why the session can't be, and lets it go.
    mutating func refuse(_ message: PeerErrorMessage, now: Duration) {
        if isParked { return giveUp() }
        guard phase == .authorizing || phase == .open else { return }
        answer = nil
        pendingPrompt = nil
        queue = []
        let size = clientShaping == .off ? nil : (cadence.shape ?? settings.hello.serverShape).recordSize
        attempt { machine throws(PeerError) in
            try machine.writeWhole(.error(number: 0, message), wireSize: size)
        }
        guard phase != .over else { return }
        if ending == nil { ending = .server(message) }
        incoming = FrameBuffer()
        phase = .lingering(until: now + SessionTiming.linger)
    }

    /// Ends a session whose program stopped because the client went, closed, or cancelled.
    ///
    /// - Returns: `false` if that was not the reason.
    mutating func endGently(after error: PeerError?, now: Duration) -> Bool {
        if isParked {
            giveUp()
            return error != nil
        }
        if phase == .over { return true }
        guard phase == .open, error != nil, clientHasClosed || closeReason != nil || error == .cancelledByClient
        else { return false }
        close(.done, now: now)
        return true
    }

    /// Begins to close in good order.
    mutating func close(_ reason: PeerCloseReason, now: Duration) {
        if isParked { return giveUp(.closed(reason)) }
        switch phase {
        case .open: break
        case .lingering, .over: return
        case .authorizing: return refuse(PeerErrorMessage(.shuttingDown), now: now)
        default: return end(.closed(reason))
        }
        guard closeReason == nil else { return }
        if let answer, answer.finish == nil {
            let code: PeerErrorCode = reason == .shuttingDown ? .shuttingDown : .tooLittleTime
            enqueue(.error(number: answer.number, PeerErrorMessage(code)))
            self.answer = nil
        }
        pendingPrompt = nil
        closeReason = reason
        let tick = cadence.shape?.tick ?? SessionTiming.idleBeat
        // What is finished and still waits goes out first.
        let rest = (answer?.waitingCount ?? 0) / max(1, cadence.bodyLimit - DataHeader.size) + 1
        deadline = now + tick * (cadence.longestEnd + rest) + SessionTiming.linger
        if !clientHasClosed { enqueue(.close(reason)) }
        settle(now: now)
    }

    /// Looks whether a closing session has said everything.
    mutating func settle(now: Duration) {
        pump()
        if isDraining, phase == .open, answer == nil, closeReason == nil { return close(.shuttingDown, now: now) }
        guard phase == .open, let layer = layer?.sentCount else { return }
        // What is queued belongs to the stream: the client must not count it as a record after the end.
        cadence.update(answering: answer?.isAttached == true || !queue.isEmpty, serverRecords: layer)
        guard closeReason != nil || clientHasClosed, answer == nil, queue.isEmpty, !cadence.isRunning else { return }
        // The program's own end comes first: it may still have something to say.
        guard closeReason != nil else { return }
        if clientHasClosed {
            end(.closed(.done))
        } else if !isLingering {
            // The client may have a last voucher.
            isLingering = true
            deadline = now + SessionTiming.linger
        }
    }

    /// Runs something that may break the session.
    mutating func attempt(_ body: (inout ServerSessionMachine) throws(PeerError) -> Void) {
        do throws(PeerError) {
            try body(&self)
        } catch {
            end(error)
        }
    }
}
