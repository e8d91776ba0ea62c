import SodiumCrypto

extension ServerSessionMachine {
    mutating func enqueue(_ record: PeerRecord) {
        queue.append(QueuedMessage(record))
    }

    /// Without shaping everything goes out as soon as the network takes it.
    mutating func pump() {
        guard phase == .open, cadence.shape == nil else { return }
        attempt { machine throws(PeerError) in
            while machine.writer.output.count < 65_536, try machine.writeNext(wireSize: nil) {}
        }
    }

    /// Writes the next record, if there is anything to say.
    mutating func writeNext(wireSize: Int?) throws(PeerError) -> Bool {
        // A message in several records is not interrupted.
        let isMidMessage = queue.first.map { $0.position > 0 } ?? false
        if !isMidMessage, let token = keepalive.pendingPong {
            keepalive.pendingPong = nil
            try writeWhole(.pong(token), wireSize: wireSize)
            return true
        }
        // CLOSE is the last word: an answer that is finished, but not sent yet, goes before it.
        let owesEnd = answer.map { $0.isAttached && $0.finish != nil } ?? false
        if let message = queue.first, !(owesEnd && message.type == .close) {
            let limit = cadence.bodyLimit
            let end = min(message.body.count, message.position + limit)
            let hasMore = end < message.body.count
            try write(message.type, body: message.body[message.position..<end], more: hasMore, wireSize: wireSize)
            if hasMore {
                queue[0].position = end
            } else {
                queue.removeFirst()
                if message.endsAnswer { cadence.answerEnded(serverRecords: layer?.sentCount ?? 0) }
            }
            return true
        }
        guard let answer, answer.isAttached, answer.parameters != nil || answer.finish != nil else { return false }
        if answer.owesAccept, let parameters = answer.parameters {
            try writeAccept(parameters, wireSize: wireSize)
            return true
        }
        if let piece = answer.nextPiece(limit: cadence.bodyLimit - DataHeader.size) {
            guard layer != nil else { return false }
            try writer.write(
                piece.header,
                count: piece.count,
                of: &self.answer!,
                wireSize: wireSize,
                through: &layer!
            )
            return true
        }
        if let fin = answer.finish, answer.waitingCount == 0 {
            lastPrompt = .answered(answer)
            self.answer = nil
            // Before a CLOSE that waits for it.
            queue.insert(QueuedMessage(.fin(fin)), at: 0)
            return try writeNext(wireSize: wireSize)
        }
        return false
    }

    /// Writes ACCEPT, and with it as much of the answer as there is and fits: the first token does not wait for a record
    /// of its own.
    private mutating func writeAccept(_ parameters: AnswerParameters, wireSize: Int?) throws(PeerError) {
        guard var answer else { return }
        var message = AcceptMessage(
            number: answer.number,
            parameters: parameters,
            tickMilliseconds: UInt16(clamping: cadence.shape?.tick.wholeMilliseconds ?? 0),
            recordSize: UInt16(clamping: cadence.shape?.recordSize ?? 0)
        )
        let room = cadence.bodyLimit - AcceptMessage.size - AcceptMessage.dataOverhead
        if let piece = answer.nextPiece(limit: room) {
            message.totalTokens = piece.header.totalTokens
            answer.takePiece(piece.header, count: piece.count) { message.bytes = [UInt8]($0) }
        }
        answer.acceptWritten()
        self.answer = answer
        try write(.accept, body: PeerRecord.accept(message).encodedBody()[...], wireSize: wireSize)
    }

    mutating func write(
        _ type: RecordType,
        body: ArraySlice<UInt8>,
        more: Bool = false,
        wireSize: Int?
    ) throws(PeerError) {
        guard layer != nil else { return }
        try writer.write(type, body: body, more: more, wireSize: wireSize, through: &layer!)
    }

    /// Writes all records of a message at once.
    mutating func writeWhole(_ record: PeerRecord, wireSize: Int?) throws(PeerError) {
        let message = QueuedMessage(record)
        let limit = wireSize.map { $0 - RecordLayout.overhead } ?? cadence.bodyLimit
        var rest = message.body[...]
        repeat {
            let piece = rest.prefix(limit)
            rest = rest.dropFirst(limit)
            try write(message.type, body: piece, more: !rest.isEmpty, wireSize: wireSize)
        } while !rest.isEmpty
    }

    // MARK: For the program

    /// Admits the client.
    ///
    /// - Parameters:
    ///   - admission: What it may do.
    ///   - conversation: What an older connection has left; kept for yet another one if this client has gone meanwhile.
    ///   - now: The time.
    /// - Returns: Whether the client is still there.
    @discardableResult
    mutating func admit(
        _ admission: PeerAdmission,
        continuing conversation: ServerConversation? = nil,
        now: Duration
    ) -> Bool {
        guard phase == .authorizing else {
            if let conversation {
                adopt(conversation)
                isParked = true
            }
            return false
        }
        phase = .open
        cadence.shape = clientShaping == .off ? nil : admission.shape ?? settings.hello.serverShape
        deadline = now + min(admission.sessionDuration ?? settings.hello.sessionLimit, settings.hello.sessionLimit)
        nextPromptNumber = max(1, admission.firstPromptNumber)
        if let conversation { adopt(conversation) }
        lastActivity = now
        process(now: now)
        return true
    }

    /// What waiting for a prompt gives.
    enum PromptReading: Sendable {
        case prompt(PeerPrompt)
        case end
        case notYet
    }

    mutating func takePrompt() throws(PeerError) -> PromptReading {
        if let prompt = pendingPrompt {
            pendingPrompt = nil
            return .prompt(prompt)
        }
        if isParked { return .notYet }
        // A last voucher counts before the session ends for the program.
        if clientHasClosed, phase == .open { return hasUncheckedVoucher ? .notYet : .end }
        if case .lingering = phase { throw ending ?? .closed(.done) }
        if phase == .over {
            if case .closed = ending { return hasUncheckedVoucher ? .notYet : .end }
            throw ending ?? .closed(.done)
        }
        return .notYet
    }

    /// Throws why the answer can't go on, if so.
    func checkAnswer(_ number: UInt32) throws(PeerError) {
        if let answer, answer.number == number { return }
        if isParked { throw .misuse("the answer to prompt \(number) has ended") }
        if let ending { throw ending }
        if clientHasClosed { throw .closed(.done) }
        if let closeReason { throw .closed(closeReason) }
        throw .misuse("the answer to prompt \(number) has ended")
    }

    /// Whether nobody waits for the answer any more.
    func isUnwanted(_ number: UInt32) -> Bool { answer?.number != number || answer?.isCancelled == true }

    func isCancelled(_ number: UInt32) -> Bool { answer?.number == number && answer?.isCancelled == true }

    mutating func accept(_ number: UInt32, _ parameters: AnswerParameters) throws(PeerError) {
        try checkAnswer(number)
        guard answer?.isCancelled == false else { throw .cancelledByClient }
        guard answer?.parameters == nil else { throw .misuse("the prompt was accepted before") }
        answer?.accept(parameters)
        pump()
    }

    /// Takes bytes of an answer if there is room.
    ///
    /// - Returns: `false` when the caller has to wait.
    mutating func send(_ number: UInt32, _ bytes: ArraySlice<UInt8>, tokens: UInt32) throws(PeerError) -> Bool {
        try checkAnswer(number)
        guard let answer, answer.parameters != nil else { throw .misuse("the prompt has not been accepted yet") }
        guard !answer.isCancelled else { throw .cancelledByClient }
        guard answer.finish == nil else { throw .misuse("the answer is finished") }
        guard answer.length + UInt64(bytes.count) <= UInt64(settings.answerByteLimit) else {
            throw .misuse("an answer has at most \(settings.answerByteLimit) bytes")
        }
        guard answer.waitingCount < settings.sendBuffer else { return false }
        self.answer?.append(bytes)
        self.answer?.mark(tokens: tokens)
        pump()
        return true
    }

    /// What the receipt of the answer says, as far as the answer has come.
    func receipt(
        _ prompt: PeerPrompt,
        reason: PeerFinishReason,
        inputTokens: UInt32,
        outputTokens: UInt32
    ) throws(PeerError) -> PeerReceipt {
        try checkAnswer(prompt.number)
        guard let answer, let applicant else { throw .misuse("there is no answer") }
        guard answer.finish == nil else { throw .misuse("the answer is finished") }
        guard answer.parameters != nil || answer.isCancelled else {
            throw .misuse("the prompt has not been accepted yet")
        }
        return PeerReceipt(
            channelBinding: answer.channelBinding,
            request: applicant.request.address,
            promptNumber: prompt.number,
            promptDigest: prompt.digest,
            outputDigest: answer.digest,
            outputLength: answer.length,
            inputTokens: inputTokens,
            outputTokens: max(outputTokens, answer.tokens),
            reason: answer.isCancelled ? .cancelled : reason
        )
    }

    mutating func finish(_ receipt: PeerReceipt) throws(PeerError) {
        try checkAnswer(receipt.promptNumber)
        answer?.end(
            FinMessage(
                number: receipt.promptNumber,
                reason: receipt.reason,
                length: receipt.outputLength,
                digest: receipt.outputDigest,
                inputTokens: receipt.inputTokens,
                outputTokens: receipt.outputTokens,
                signature: receipt.signature
            )
        )
        pump()
    }

    mutating func fail(_ number: UInt32, _ message: PeerErrorMessage) {
        guard let failed = answer, failed.number == number, failed.finish == nil else { return }
        lastPrompt = .failed(number: number, digest: failed.promptDigest, message)
        answer = nil
        // Without a connection the client hears of it when it asks again.
        guard failed.isAttached else { return }
        enqueue(.error(number: number, message))
        pump()
    }

    var hasUncheckedVoucher: Bool { candidateVoucher != nil || isCheckingVoucher }

    mutating func takeCandidateVoucher() -> PeerVoucher? {
        guard let voucher = candidateVoucher else { return nil }
        candidateVoucher = nil
        isCheckingVoucher = true
        return voucher
    }

    mutating func voucherAccepted(_ voucher: PeerVoucher) {
        isCheckingVoucher = false
        if voucher.cumulative > acceptedVoucher?.cumulative ?? 0 { acceptedVoucher = voucher }
    }
}
