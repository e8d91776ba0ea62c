import SodiumCrypto

/// What outlives a client's connection: its prompt, the answer so far, and its promise.
struct ClientConversation: Sendable {
    var answer: IncomingAnswer?
    var submitted: PromptMessage?
    var nextPromptNumber: UInt32
    var newestVoucher: PeerVoucher?
}

extension ClientSessionMachine {
    /// Gives everything that outlives the connection to another machine.
    mutating func surrender() -> ClientConversation {
        defer {
            hasSurrendered = true
            isParked = false
            answer = nil
            submitted = nil
        }
        return ClientConversation(
            answer: answer,
            submitted: submitted,
            nextPromptNumber: nextPromptNumber,
            newestVoucher: newestVoucher
        )
    }

    /// Takes over what another machine has given up, and asks to go on with the answer under way.
    mutating func adopt(_ conversation: ClientConversation) {
        nextPromptNumber = conversation.nextPromptNumber
        submitted = conversation.submitted
        newestVoucher = conversation.newestVoucher
        // Whether the last one has arrived nobody knows.
        pendingVoucher = newestVoucher
        answer = conversation.answer
        guard phase == .open else {
            isParked = ending?.isLoss == true
            if !isParked { answer?.fail(ending ?? .closed(.done)) }
            return
        }
        attempt { machine throws(PeerError) in try machine.resumeAnswer() }
        pump()
    }

    private mutating func resumeAnswer() throws(PeerError) {
        guard let message = answer?.resume() else { return }
        try write(.resume, body: PeerRecord.resume(message).encodedBody()[...], wireSize: cadence.shape?.recordSize)
        if answer?.isCancelled == true { queue.append(QueuedMessage(.cancel(number: message.number))) }
        cadence.begin()
    }

    /// No other connection will go on with what this one has left.
    mutating func giveUp(_ error: PeerError? = nil) {
        guard isParked else { return }
        isParked = false
        if let error { ending = error }
        answer?.fail(ending ?? .closed(.done))
    }

    /// The server has never seen the prompt that was to be continued: it is asked once more.
    mutating func submitAgain() -> Bool {
        guard let submitted, let answer, answer.number == submitted.number, !answer.isAccepted else { return false }
        self.answer?.begin(channelBinding: channelBinding)
        attempt { machine throws(PeerError) in try machine.write(submitted) }
        return true
    }
}
