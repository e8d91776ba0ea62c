import Noise
import SodiumCrypto

extension ClientSessionMachine {
    /// Works through everything that has arrived.
    mutating func process() {
        // Moved out for the time being, so that a record can be read in place while the rest of the machine changes.
        var incoming = FrameBuffer()
        swap(&incoming, &self.incoming)
        do throws(PeerError) {
            while try step(&incoming) {}
            if phase != .over { swap(&incoming, &self.incoming) }
        } catch {
            end(error)
        }
        settle()
    }

    private mutating func step(_ incoming: inout FrameBuffer) throws(PeerError) -> Bool {
        switch phase {
        case .handshake:
            let size = suite.secondMessageSize
            return try incoming.withNextFrame(lengths: size...size) { frame throws(PeerError) in
                try finishHandshake(UnsafeRawBufferPointer(frame))
            } != nil
        case .open:
            let lengths = RecordLayout.minimumCiphertext...RecordLayout.maximumCiphertext
            return try incoming.withNextFrame(lengths: lengths) { frame throws(PeerError) in
                try takeRecord(frame)
            } != nil
        case .over: return false
        }
    }

    private mutating func finishHandshake(_ message: UnsafeRawBufferPointer) throws(PeerError) {
        var payload: [UInt8] = []
        do throws(NoiseError) {
            try handshake?.readMessage(message, appendingTo: &payload)
            if let encapsulation = encapsulation.take() {
                let ciphertext = [UInt8](payload[ServerHelloPayload.size...])
                payload.removeSubrange(ServerHelloPayload.size...)
                try handshake?.add(presharedKey: encapsulation.presharedKey(from: ciphertext))
            }
        } catch {
            throw .handshakeFailed(error)
        }
        let server = try payload.withUnsafeBufferPointer { bytes throws(PeerError) in
            try ServerHelloPayload.decode(UnsafeRawBufferPointer(bytes))
        }
        do throws(NoiseError) {
            var reply: [UInt8] = []
            let hello = ClientHelloPayload(request: settings.request, shaping: settings.shaping).encoded()
            try hello.withUnsafeBufferPointer { hello throws(NoiseError) in
                try handshake?.writeMessage(payload: UnsafeRawBufferPointer(hello), appendingTo: &reply)
            }
            writer.append([UInt8(reply.count >> 8), UInt8(reply.count & 255)] + reply)
            if let finished = handshake.take() { layer = RecordLayer(try finished.split()) }
        } catch {
            throw .handshakeFailed(error)
        }
        channelBinding = layer?.handshakeHash ?? []
        self.server = server
        serverTick = server.serverShape.tick
        cadence.recordsAfterAnswer = StreamShape.recordsAfterAnswer(
            client: server.clientShape,
            server: server.serverShape
        )
        if settings.shaping == .constantRate { cadence.shape = server.clientShape }
        phase = .open
    }

    private mutating func takeRecord(_ ciphertext: UnsafeMutableRawBufferPointer) throws(PeerError) {
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
        _ = try reassembler.take(record) { body throws(PeerError) in
            if record.type == RecordType.data.rawValue {
                // The one record that comes often: read in place.
                var reader = RecordReader(body, type: record.type)
                let header = try DataHeader(&reader)
                try take(header, reader.restInPlace)
            } else {
                try take(PeerRecord(type: record.type, body: body))
            }
        }
        // Both sides look after every record whether the stream has ended.
        cadence.update(answering: answer.map { !$0.isOver } ?? false, serverRecords: layer?.receivedCount ?? 0)
    }

    private mutating func take(_ header: DataHeader, _ bytes: UnsafeRawBufferPointer) throws(PeerError) {
        guard answer?.number == header.number else {
            throw .protocolViolation(
                .unexpectedRecord(type: RecordType.data.rawValue, reason: "it belongs to no prompt under way")
            )
        }
        if isClosing { return }
        try answer?.append(header, bytes)
    }

    private mutating func take(_ record: PeerRecord) throws(PeerError) {
        switch record {
        case .pad, .pong, .ignored: break
        case .ping(let token): keepalive.pendingPong = token
        case .accept(let message):
            try checkNumber(message.number, record)
            if message.tickMilliseconds > 0 { serverTick = .milliseconds(min(message.tickMilliseconds, 10_000)) }
            if !isClosing { try answer?.accept(message) }
            submitted = nil
        case .fin(let message):
            try checkNumber(message.number, record)
            cadence.answerEnded(serverRecords: layer?.receivedCount ?? 0)
            if !isClosing {
                try answer?.finish(message, request: settings.request.address)
            }
        case .cancelled(let message): try checkNumber(message.number, record)
        case .error(let number, let message):
            if number == 0 { throw .server(message) }
            cadence.answerEnded(serverRecords: layer?.receivedCount ?? 0)
            if answer?.number == number {
                if message.code == .resumeUnavailable, submitAgain() { break }
                answer?.fail(.server(message))
            }
        case .close(let reason):
            serverCloseReason = reason
            if let answer, !answer.isOver {
                // A prompt that crossed the good-bye was never taken; an answer that had begun is cut off.
                self.answer?.fail(answer.isAccepted ? .truncated(received: answer.received) : .closed(reason))
            }
        case .data, .prompt, .cancel, .resume, .window, .voucher:
            throw .protocolViolation(.unexpectedRecord(type: record.type, reason: "only clients send it"))
        }
    }

    private func checkNumber(_ number: UInt32, _ record: PeerRecord) throws(PeerError) {
        guard answer?.number == number else {
            throw .protocolViolation(
                .unexpectedRecord(type: record.type, reason: "it belongs to no prompt under way")
            )
        }
    }
}
