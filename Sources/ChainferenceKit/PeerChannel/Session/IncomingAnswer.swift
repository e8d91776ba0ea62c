import SodiumCrypto

/// A client's view of the answer that arrives: checks order, window, digest; keeps what has not been read.
struct IncomingAnswer: Sendable {
    let number: UInt32
    let promptDigest: [UInt8]
    private let window: UInt64
    /// The handshake hash of the connection that brought the prompt to the server, which the receipt names.
    private var channelBinding: [UInt8]
    private var parameters: AnswerParameters?
    /// Whether the answer goes on over another connection, whose ACCEPT is still to come.
    private var awaitsAccept = false
    var isAccepted: Bool { parameters != nil }
    /// Whether the end has arrived, or the server has broken off.
    private(set) var isOver = false
    /// Whether the program has asked to stop: then nobody may be reading any more, and the window opens by itself.
    var isCancelled = false
    private(set) var received: UInt64 = 0
    private var consumed: UInt64 = 0
    private var tokens: UInt32 = 0
    private var grantedLimit: UInt64
    private var hash = SHA256()
    private var events: [PeerAnswerEvent] = []
    private var eventsStart = 0
    private var failure: PeerError?

    init(number: UInt32, promptDigest: [UInt8], window: UInt32, channelBinding: [UInt8]) {
        self.number = number
        self.channelBinding = channelBinding
        self.promptDigest = promptDigest
        self.window = UInt64(window)
        grantedLimit = UInt64(window)
    }

    /// The prompt goes to the server anew.
    mutating func begin(channelBinding: [UInt8]) {
        self.channelBinding = channelBinding
        awaitsAccept = false
        grantedLimit = window
    }

    /// What to ask for on another connection; `nil` if the answer is over.
    mutating func resume() -> ResumeMessage? {
        guard !isOver else { return nil }
        awaitsAccept = true
        // What waits for the program still takes its part of the window.
        let room = consumed + window - min(received, consumed + window)
        grantedLimit = received + room
        return ResumeMessage(
            number: number,
            window: UInt32(clamping: room),
            offset: received,
            prefixDigest: hash.finalize()
        )
    }

    mutating func accept(_ message: AcceptMessage) throws(PeerError) {
        if let parameters {
            guard awaitsAccept else { throw unexpected(.accept, "the prompt was accepted before") }
            guard parameters == message.parameters else { throw unexpected(.accept, "the terms have changed") }
        } else {
            parameters = message.parameters
            events.append(.accepted(message.parameters))
        }
        awaitsAccept = false
        guard !message.bytes.isEmpty else { return }
        let header = DataHeader(number: number, totalTokens: message.totalTokens, offset: received)
        try message.bytes.withUnsafeBufferPointer { bytes throws(PeerError) in
            try append(header, UnsafeRawBufferPointer(bytes))
        }
    }

    mutating func append(_ header: DataHeader, _ bytes: UnsafeRawBufferPointer) throws(PeerError) {
        guard isAccepted, !awaitsAccept, !isOver else { throw unexpected(.data, "no answer is under way") }
        guard header.offset == received else { throw unexpected(.data, "the offset is not where the last piece ended") }
        guard header.totalTokens >= tokens else { throw unexpected(.data, "the token count went down") }
        guard received + UInt64(bytes.count) <= grantedLimit else { throw .protocolViolation(.windowExceeded) }
        hash.update(bufferPointer: bytes)
        received += UInt64(bytes.count)
        let newTokens = Int(header.totalTokens - tokens)
        tokens = header.totalTokens
        if isCancelled { consumed = received }
        // Pieces that nobody has read yet become one, so that memory is bounded by the window, not by how finely it is cut.
        if eventsStart < events.count, case .data(var last) = events[events.count - 1] {
            events.removeLast()
            last.bytes.append(contentsOf: bytes)
            last.tokens += newTokens
            last.totalTokens = header.totalTokens
            events.append(.data(last))
        } else {
            let data = AnswerData(
                offset: header.offset,
                bytes: [UInt8](bytes),
                tokens: newTokens,
                totalTokens: header.totalTokens
            )
            events.append(.data(data))
        }
    }

    mutating func finish(_ fin: FinMessage, request: [UInt8]) throws(PeerError) {
        // A prompt that was cancelled before it was accepted ends without having begun.
        let neverBegan = fin.reason == .cancelled && fin.length == 0
        guard isAccepted || neverBegan, !isOver else { throw unexpected(.fin, "no answer is under way") }
        guard fin.length == received, fin.digest == hash.finalize() else { throw .digestMismatch }
        guard fin.outputTokens >= tokens else { throw unexpected(.fin, "fewer tokens than were counted before") }
        isOver = true
        var receipt: PeerReceipt?
        if !fin.signature.isEmpty {
            receipt = PeerReceipt(
                channelBinding: channelBinding,
                request: request,
                promptNumber: number,
                promptDigest: promptDigest,
                outputDigest: fin.digest,
                outputLength: fin.length,
                inputTokens: fin.inputTokens,
                outputTokens: fin.outputTokens,
                reason: fin.reason,
                signature: fin.signature
            )
        }
        let finish = AnswerFinish(
            reason: fin.reason,
            inputTokens: fin.inputTokens,
            outputTokens: fin.outputTokens,
            length: fin.length,
            digest: fin.digest,
            receipt: receipt
        )
        events.append(.finished(finish))
    }

    /// The answer will not go on; events that have arrived can still be read.
    mutating func fail(_ error: PeerError) {
        guard !isOver else { return }
        isOver = true
        failure = error
    }

    /// What reading gives.
    enum Reading: Sendable {
        case event(PeerAnswerEvent)
        case end
        case notYet
    }

    /// Takes the next event.
    mutating func next() throws(PeerError) -> Reading {
        if eventsStart < events.count {
            let event = events[eventsStart]
            eventsStart += 1
            if eventsStart == events.count {
                events.removeAll(keepingCapacity: true)
                eventsStart = 0
            }
            if case .data(let data) = event { consumed = max(consumed, data.offset + UInt64(data.bytes.count)) }
            return .event(event)
        }
        if let failure { throw failure }
        return isOver ? .end : .notYet
    }

    /// The limit to be told to the server, if it has widened enough to be worth a record.
    mutating func windowUpdate(eagerly: Bool) -> UInt64? {
        guard isAccepted, !isOver else { return nil }
        let limit = consumed + window
        guard limit >= grantedLimit + (eagerly ? 1 : max(1, window / 4)) else { return nil }
        grantedLimit = limit
        return limit
    }

    var hasWindowUpdate: Bool { isAccepted && !isOver && consumed + window > grantedLimit }

    private func unexpected(_ type: RecordType, _ reason: String) -> PeerError {
        .protocolViolation(.unexpectedRecord(type: type.rawValue, reason: reason))
    }
}
