import SodiumCrypto

extension ClientSessionMachine {
    /// Without shaping everything goes out as soon as the network takes it.
    mutating func pump() {
        guard phase == .open, cadence.shape == nil else { return }
        attempt { machine throws(PeerError) in
            while machine.writer.output.count < 65_536, try machine.writeNext(wireSize: nil) {}
        }
    }

    /// Writes the next record, if there is anything to say.
    mutating func writeNext(wireSize: Int?) throws(PeerError) -> Bool {
        if let token = keepalive.pendingPong {
            keepalive.pendingPong = nil
            try write(.pong, body: PeerRecord.pong(token).encodedBody()[...], wireSize: wireSize)
            return true
        }
        if !queue.isEmpty {
            // Nothing that a client queues is longer than the smallest record.
            let message = queue.removeFirst()
            try write(message.type, body: message.body[...], wireSize: wireSize)
            return true
        }
        // Vouchers and windows take turns, so that neither starves the other.
        if let voucher = pendingVoucher, sentWindowLast || answer?.hasWindowUpdate != true {
            pendingVoucher = nil
            sentWindowLast = false
            try write(.voucher, body: PeerRecord.voucher(voucher).encodedBody()[...], wireSize: wireSize)
            return true
        }
        if let number = answer?.number, let limit = answer?.windowUpdate(eagerly: wireSize != nil) {
            sentWindowLast = true
            let body = PeerRecord.window(number: number, limit: limit).encodedBody()
            try write(.window, body: body[...], wireSize: wireSize)
            return true
        }
        if let voucher = pendingVoucher {
            pendingVoucher = nil
            sentWindowLast = false
            try write(.voucher, body: PeerRecord.voucher(voucher).encodedBody()[...], wireSize: wireSize)
            return true
        }
        if isClosing, !hasSentClose, serverCloseReason == nil {
            hasSentClose = true
            try write(.close, body: PeerRecord.close(.done).encodedBody()[...], wireSize: wireSize)
            return true
        }
        return false
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

    // MARK: For the program

    /// Throws why nothing can be said any more, if so.
    func checkOpen() throws(PeerError) {
        if let ending { throw ending }
        if isClosing { throw .closed(.done) }
        guard phase == .open else { throw .misuse("the handshake is not done") }
    }

    /// Sends a prompt: all its records at once, in sizes that tell only roughly how long it is.
    ///
    /// - Returns: Its number and digest.
    mutating func submit(_ bytes: [UInt8]) throws(PeerError) -> (number: UInt32, digest: [UInt8]) {
        try checkOpen()
        if let serverCloseReason { throw .closed(serverCloseReason) }
        guard answer.map({ $0.isOver }) ?? true else { throw .promptInProgress }
        let limit = Int(server?.promptByteLimit ?? 0)
        guard bytes.count <= limit else { throw .promptTooLarge(bytes: bytes.count, limit: limit) }
        let number = nextPromptNumber
        guard number < UInt32.max else { throw .misuse("prompt numbers are used up") }
        nextPromptNumber += 1
        let digest = SHA256.hash(bytes)
        let message = PromptMessage(number: number, window: settings.window, digest: digest, bytes: bytes)
        submitted = settings.resumes ? message : nil
        answer = IncomingAnswer(
            number: number,
            promptDigest: digest,
            window: settings.window,
            channelBinding: channelBinding
        )
        try write(message)
        return (number, digest)
    }

    /// Writes all records of a prompt.
    mutating func write(_ message: PromptMessage) throws(PeerError) {
        let body = PeerRecord.prompt(message).encodedBody()
        let wireSize = cadence.shape == nil ? nil : PromptPadding.recordSize
        let pieceSize = cadence.shape == nil ? cadence.bodyLimit : PromptPadding.bodySize
        var rest = body[...]
        var records = 0
        repeat {
            let piece = rest.prefix(pieceSize)
            rest = rest.dropFirst(pieceSize)
            try write(.prompt, body: piece, more: !rest.isEmpty, wireSize: wireSize)
            records += 1
        } while !rest.isEmpty
        if cadence.shape != nil {
            for _ in records..<max(records, PromptPadding.recordCount(messageBytes: body.count)) {
                try write(.pad, body: [], wireSize: wireSize)
            }
        }
        cadence.begin()
    }

    mutating func send(_ voucher: PeerVoucher) throws(PeerError) {
        if !isParked { try checkOpen() }
        guard voucher.cumulative >= newestVoucher?.cumulative ?? 0 else { return }
        newestVoucher = voucher
        guard !isParked else { return }
        pendingVoucher = voucher
        pump()
    }

    mutating func cancel() {
        guard phase == .open || isParked, let answer, !answer.isOver, !answer.isCancelled else { return }
        self.answer?.isCancelled = true
        guard !isParked else { return }
        queue.append(QueuedMessage(.cancel(number: answer.number)))
        pump()
    }

    /// Takes the next event of an answer.
    mutating func nextEvent(_ number: UInt32) throws(PeerError) -> IncomingAnswer.Reading {
        guard let current = answer?.number else { throw ending ?? .misuse("there is no answer") }
        guard current == number else { throw .answerSuperseded }
        guard let reading = try answer?.next() else { return .end }
        pump()
        return reading
    }
}
