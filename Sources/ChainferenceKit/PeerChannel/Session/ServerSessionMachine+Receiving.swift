import Noise
import SodiumCrypto

extension ServerSessionMachine {
    /// Works through everything that has arrived.
    mutating func process(now: Duration) {
        // Moved out for the time being, so that a record can be read in place while the rest of the machine changes.
        var incoming = FrameBuffer()
        swap(&incoming, &self.incoming)
        do throws(PeerError) {
            while try step(&incoming, now: now) {}
            if phase != .over { swap(&incoming, &self.incoming) }
        } catch {
            fail(error, now: now)
        }
        settle(now: now)
    }

    /// Before the client has proved its key every failure is silence; after, a client that breaks the protocol is told so.
    private mutating func fail(_ error: PeerError, now: Duration) {
        guard phase == .open, case .protocolViolation(let violation) = error else { return end(error) }
        switch violation {
        case .recordNotAuthentic, .recordLength: end(error)
        default:
            refuse(PeerErrorMessage(.protocolViolation, text: "\(violation)"), now: now)
            ending = error
        }
    }

    /// Takes one piece of the input.
    ///
    /// - Returns: `false` when more input is needed, or none is wanted now.
    private mutating func step(_ incoming: inout FrameBuffer, now: Duration) throws(PeerError) -> Bool {
        switch phase {
        case .preface:
            guard let byte = incoming.takeByte() else { return false }
            guard let suite = PeerSuite(rawValue: byte), suites.contains(suite), suite.isBuilt else {
                throw .handshakeFailed(.notAuthentic)
            }
            self.suite = suite
            phase = .firstMessage
            return true
        case .firstMessage:
            let size = suite.firstMessageSize
            return try incoming.withNextFrame(lengths: size...size) { frame throws(PeerError) in
                try answerHandshake(UnsafeRawBufferPointer(frame))
            } != nil
        case .thirdMessage:
            let size = suite.thirdMessageSize
            return try incoming.withNextFrame(lengths: size...size) { frame throws(PeerError) in
                try finishHandshake(UnsafeRawBufferPointer(frame), now: now)
            } != nil
        case .open:
            let lengths = RecordLayout.minimumCiphertext...RecordLayout.maximumCiphertext
            return try incoming.withNextFrame(lengths: lengths) { frame throws(PeerError) in
                try takeRecord(frame, now: now)
            } != nil
        case .authorizing, .lingering, .over: return false
        }
    }

    private mutating func answerHandshake(_ message: UnsafeRawBufferPointer) throws(PeerError) {
        do throws(NoiseError) {
            let key = try readFirst(message)
            let encapsulated = suite.encapsulates ? try KeyEncapsulation.encapsulate(to: key) : nil
            var reply: [UInt8] = []
            let hello = ServerHelloPayload.encode(settings.hello) + (encapsulated?.ciphertext ?? [])
            try hello.withUnsafeBufferPointer { hello throws(NoiseError) in
                try handshake?.writeMessage(payload: UnsafeRawBufferPointer(hello), appendingTo: &reply)
            }
            if let encapsulated { try handshake?.add(presharedKey: encapsulated.presharedKey) }
            writer.append([UInt8(reply.count >> 8), UInt8(reply.count & 255)] + reply)
        } catch {
            throw .handshakeFailed(error)
        }
        phase = .thirdMessage
    }

    /// Reads the first message under the key that the client knows, be it the present one or an older one.
    ///
    /// - Returns: Its payload: in suite 2 the client's encapsulation key, else nothing.
    private mutating func readFirst(_ message: UnsafeRawBufferPointer) throws(NoiseError) -> [UInt8] {
        var failure = NoiseError.notAuthentic
        for identity in identities {
            var attempt = try NoiseHandshake(
                pattern: suite.pattern,
                role: .responder,
                prologue: context.prologue(suite: suite),
                localStatic: identity,
                presharedKeys: suite.encapsulates ? nil : [],
                ephemeral: ephemeral
            )
            do throws(NoiseError) {
                var payload: [UInt8] = []
                try attempt.readMessage(message, appendingTo: &payload)
                serverKey = identity.publicKey
                handshake = consume attempt
                return payload
            } catch {
                failure = error
            }
        }
        throw failure
    }

    private mutating func finishHandshake(_ message: UnsafeRawBufferPointer, now: Duration) throws(PeerError) {
        var payload: [UInt8] = []
        var clientKey: X25519.PublicKey?
        do throws(NoiseError) {
            try handshake?.readMessage(message, appendingTo: &payload)
            clientKey = handshake?.remoteStatic
            if let finished = handshake.take() { layer = RecordLayer(try finished.split()) }
        } catch {
            throw .handshakeFailed(error)
        }
        let hello = try payload.withUnsafeBufferPointer { bytes throws(PeerError) in
            try ClientHelloPayload(decoding: UnsafeRawBufferPointer(bytes))
        }
        guard let clientKey, let serverKey, let binding = layer?.handshakeHash else {
            throw .handshakeFailed(.outOfTurn)
        }
        clientShaping = hello.shaping
        applicant = PeerApplicant(
            request: hello.request,
            clientKey: clientKey,
            serverKey: serverKey,
            channelBinding: binding
        )
        phase = .authorizing
        deadline = now + settings.authorizationTimeout
    }

    private mutating func takeRecord(_ ciphertext: UnsafeMutableRawBufferPointer, now: Duration) throws(PeerError) {
        let record: RecordLayer.Opened
        do throws(ProtocolViolation) {
            guard let opened = try layer?.open(ciphertext) else { return }
            record = opened
        } catch {
            throw .protocolViolation(error)
        }
        var reassembler = MessageReassembler(promptLimit: 0)
        swap(&reassembler, &self.reassembler)
        defer { swap(&reassembler, &self.reassembler) }
        let message = try reassembler.take(record) { body throws(PeerError) in
            try PeerRecord(type: record.type, body: body)
        }
        if let message { try take(message, now: now) }
    }

    private mutating func take(_ record: PeerRecord, now: Duration) throws(PeerError) {
        guard !clientHasClosed else {
            if record == .pad { return }
            throw unexpected(record, "the client has closed the session")
        }
        switch record {
        case .pad, .pong, .ignored: break
        case .ping(let token): keepalive.pendingPong = token
        case .prompt(let message): try take(message, now: now)
        case .voucher(let voucher):
            let newest = max(candidateVoucher?.cumulative ?? 0, acceptedVoucher?.cumulative ?? 0)
            if voucher.cumulative > newest { candidateVoucher = voucher }
        case .window(let number, let limit):
            if answer?.number == number { answer?.widenWindow(to: limit) }
        case .cancel(let number):
            guard let answer, answer.number == number, !answer.isCancelled, answer.finish == nil else { break }
            self.answer?.cancel()
            if let parameters = answer.parameters {
                enqueue(
                    .cancelled(
                        CancelledMessage(
                            number: number,
                            inputTokens: parameters.inputTokens,
                            outputTokens: answer.tokens,
                            length: answer.length
                        )
                    )
                )
            }
        case .resume(let message): try take(message, now: now)
        case .close:
            clientHasClosed = true
            answer = nil
            pendingPrompt = nil
            queue = []
        case .accept, .data, .fin, .cancelled, .error:
            throw unexpected(record, "only servers send it")
        }
    }

    private mutating func take(_ message: PromptMessage, now: Duration) throws(PeerError) {
        guard closeReason == nil, !isDraining else {
            return try enqueueReply(.error(number: message.number, PeerErrorMessage(.shuttingDown)))
        }
        if let answer, answer.isAttached, answer.number != message.number {
            throw unexpected(.prompt(message), "the answer before is still under way")
        }
        guard SHA256.hash(message.bytes) == message.digest else { throw .digestMismatch }
        cadence.begin()
        if let digest = digest(ofPrompt: message.number) {
            guard digest == message.digest else {
                return try enqueueReply(.error(number: message.number, PeerErrorMessage(.promptConflict)))
            }
            return try goOn(with: message.number, at: 0, window: message.window, now: now)
        }
        guard answer == nil, message.number >= nextPromptNumber, message.number < UInt32.max else {
            return try enqueueReply(.error(number: message.number, PeerErrorMessage(.promptConflict)))
        }
        nextPromptNumber = message.number + 1
        lastPrompt = nil
        answer = OutgoingAnswer(
            number: message.number,
            promptDigest: message.digest,
            channelBinding: applicant?.channelBinding ?? [],
            window: message.window
        )
        pendingPrompt = PeerPrompt(number: message.number, bytes: message.bytes, digest: message.digest)
        noteProgress(now: now)
    }

    func unexpected(_ record: PeerRecord, _ reason: String) -> PeerError {
        .protocolViolation(.unexpectedRecord(type: record.type, reason: reason))
    }

    /// Queues a reply that a client could ask for again and again.
    mutating func enqueueReply(_ record: PeerRecord) throws(PeerError) {
        guard queue.count < Self.queueLimit else { throw unexpected(record, "too many replies are waiting") }
        enqueue(record)
    }
}
