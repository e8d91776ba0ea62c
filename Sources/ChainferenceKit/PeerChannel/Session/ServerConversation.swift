import SodiumCrypto

/// What outlives a connection: prompts, answers and vouchers of one lock, on their way from one machine to the next.
struct ServerConversation: Sendable {
    var answer: OutgoingAnswer?
    var lastPrompt: PromptOutcome?
    var pendingPrompt: PeerPrompt?
    var nextPromptNumber: UInt32
    var candidateVoucher: PeerVoucher?
    var isCheckingVoucher: Bool
    var acceptedVoucher: PeerVoucher?
}

/// How the newest prompt ended, for a client that asks again.
enum PromptOutcome: Sendable {
    case answered(OutgoingAnswer)
    case failed(number: UInt32, digest: [UInt8], PeerErrorMessage)

    var number: UInt32 {
        switch self {
        case .answered(let answer): answer.number
        case .failed(let number, _, _): number
        }
    }

    var digest: [UInt8] {
        switch self {
        case .answered(let answer): answer.promptDigest
        case .failed(_, let digest, _): digest
        }
    }
}

extension ServerSessionMachine {
    /// Gives everything that outlives the connection to another machine, and tells the client of this one, if it is
    /// still there, that a newer connection took over.
    mutating func surrender(now: Duration) -> ServerConversation {
        let conversation = ServerConversation(
            answer: answer,
            lastPrompt: lastPrompt,
            pendingPrompt: pendingPrompt,
            nextPromptNumber: nextPromptNumber,
            candidateVoucher: candidateVoucher,
            isCheckingVoucher: isCheckingVoucher,
            acceptedVoucher: acceptedVoucher
        )
        hasSurrendered = true
        isParked = false
        answer = nil
        lastPrompt = nil
        pendingPrompt = nil
        candidateVoucher = nil
        isCheckingVoucher = false
        if phase == .open { close(.superseded, now: now) }
        return conversation
    }

    /// Takes over what another machine has given up.
    mutating func adopt(_ conversation: ServerConversation) {
        answer = conversation.answer
        answer?.detach()
        lastPrompt = conversation.lastPrompt
        pendingPrompt = conversation.pendingPrompt
        nextPromptNumber = conversation.nextPromptNumber
        candidateVoucher = conversation.candidateVoucher
        isCheckingVoucher = conversation.isCheckingVoucher
        acceptedVoucher = conversation.acceptedVoucher
    }

    /// Nobody will come back for what a lost connection has left.
    mutating func giveUp(_ error: PeerError? = nil) {
        guard isParked else { return }
        isParked = false
        answer = nil
        pendingPrompt = nil
        if let error { ending = error }
    }

    /// Whether nothing will ever happen in this session again.
    var isFinished: Bool { isOver && !isParked }

    /// The digest of a prompt whose answer, or the lack of one, is still known.
    func digest(ofPrompt number: UInt32) -> [UInt8]? {
        if let answer, answer.number == number { return answer.promptDigest }
        if let lastPrompt, lastPrompt.number == number { return lastPrompt.digest }
        return nil
    }

    /// A client asks to go on with an answer.
    mutating func take(_ message: ResumeMessage, now: Duration) throws(PeerError) {
        guard resumesLeft > 0 else { throw unexpected(.resume(message), "it was asked for too often") }
        resumesLeft -= 1
        if let answer, answer.isAttached { throw unexpected(.resume(message), "an answer is under way") }
        cadence.begin()
        var kept = answer
        if kept == nil, case .answered(let answer) = lastPrompt { kept = answer }
        guard digest(ofPrompt: message.number) != nil else {
            return try enqueueReply(.error(number: message.number, PeerErrorMessage(.resumeUnavailable)))
        }
        if let kept, kept.number == message.number,
            !kept.hasPrefix(message.offset, digest: message.prefixDigest)
        {
            return try enqueueReply(.error(number: message.number, PeerErrorMessage(.prefixMismatch)))
        }
        try goOn(with: message.number, at: message.offset, window: message.window, now: now)
    }

    /// Goes on with the answer to a prompt that is known, or repeats why there is none.
    mutating func goOn(with number: UInt32, at offset: UInt64, window: UInt32, now: Duration) throws(PeerError) {
        if let answer {
            // The same prompt once more on the connection that already carries its answer changes nothing.
            if !answer.isAttached { self.answer?.attach(at: offset, window: window) }
        } else {
            switch lastPrompt {
            case .answered(var answer):
                answer.attach(at: offset, window: window)
                self.answer = answer
            case .failed(_, _, let message): return try enqueueReply(.error(number: number, message))
            case nil: return
            }
        }
        noteProgress(now: now)
    }

    mutating func noteProgress(now: Duration) {
        lastActivity = now
        lastProgress = now
        lastSentLength = 0
    }
}
