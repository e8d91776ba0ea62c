import Inference
import InferenceMarket
import PeerChannel
import Solana
import Synchronization

/// One lock of one server, and the connection to it: what a session asks its prompts over.
final class ServerLine: Sendable {
    /// What a line's use ended with.
    enum Ending: Sendable {
        /// Everything that was asked was answered.
        case done
        /// It is of no use any more, for this reason.
        case failed(any Error)
    }

    /// Who answers, on which terms.
    let lock: RequestLock
    let request: OwnRequest
    /// The account of the server.
    let serverAccount: Address
    /// Told once when nothing more will be asked.
    let ending: OneShot<Ending>

    private let voucherExpiry: UnixTime
    private let peer: PeerSession
    private let policy: ClientPolicy
    /// Whether the budget of the session allows this request's vouchers to reach an amount; counts it if it does.
    private let mayPromise: @Sendable (Lamports) -> Bool
    private let emit: @Sendable (ClientEvent) -> Void
    private let meter: Mutex<ClientMeter>
    private let exact: Mutex<ExactCount?>

    init(
        lock: RequestLock,
        request: OwnRequest,
        serverAccount: Address,
        voucherExpiry: UnixTime,
        ending: OneShot<Ending>,
        peer: PeerSession,
        policy: ClientPolicy,
        exact: ExactCount?,
        mayPromise: @escaping @Sendable (Lamports) -> Bool,
        emit: @escaping @Sendable (ClientEvent) -> Void
    ) {
        self.lock = lock
        self.request = request
        self.serverAccount = serverAccount
        self.voucherExpiry = voucherExpiry
        self.ending = ending
        self.peer = peer
        self.policy = policy
        self.mayPromise = mayPromise
        self.emit = emit
        self.exact = Mutex(exact)
        meter = Mutex(ClientMeter(terms: lock.terms, stake: request.stake))
    }

    /// What has been promised so far.
    var vouched: Lamports { meter.withLock { $0.vouched } }

    /// What has been used so far.
    var usage: TokenCount { meter.withLock { $0.usage } }

    /// Sends a prompt and receives its answer, vouching on the way.
    ///
    /// - Parameters:
    ///   - prompt: What is asked.
    ///   - partial: Collects what arrives, also of an answer that breaks off, and decides who may answer.
    /// - Returns: The answer.
    /// - Throws: ``ClientError``, `CancellationError`.
    func ask(_ prompt: GenerationRequest, into partial: PartialAnswer) async throws -> Answer {
        let watch = ProgressWatch(waitingFor: "acceptance of the prompt", within: policy.firstTokenDeadline)
        do {
            return try await withTaskCancellationHandler {
                try await watch.run { try await self.receive(prompt, into: partial, watch: watch) }
            } onCancel: {
                peer.cancel()
            }
        } catch let fault as ClientMeter.Fault {
            peer.cancel()
            throw clientError(for: fault)
        } catch let error as ClientError {
            peer.cancel()
            throw error
        } catch let error as CancellationError {
            throw error
        } catch let error as PartialAnswer.Late {
            // No fault of the server's.
            peer.cancel()
            throw error
        } catch {
            throw ClientError(.interrupted(server: lock.server, cause: error))
        }
    }

    private func receive(
        _ prompt: GenerationRequest,
        into partial: PartialAnswer,
        watch: ProgressWatch
    ) async throws -> Answer {
        let answer: PeerAnswer
        do {
            answer = try await peer.prompt(prompt.body)
        } catch PeerError.server(let message) {
            throw ClientError(.refused(server: lock.server, message))
        }
        var decoder = AnswerDecoder()
        var received: [UInt8] = []
        var inputTokens: UInt64 = 0
        var outputTokens: UInt64 = 0
        var isAccepted = false
        var events = answer.events.makeAsyncIterator()
        while let event = try await next(of: &events, isAccepted: isAccepted) {
            switch event {
            case .accepted(let parameters):
                isAccepted = true
                inputTokens = UInt64(parameters.inputTokens)
                try meter.withLock { meter throws(ClientMeter.Fault) in
                    try meter.accept(inputTokens: inputTokens, promptBytes: UInt64(prompt.body.count))
                }
                try vouch()
                emit(.accepted(inputTokens: inputTokens))
                watch.progress(nowWaitingFor: "first token", within: policy.firstTokenDeadline)
            case .data(let data):
                outputTokens += UInt64(max(0, data.tokens))
                received += data.bytes
                let contents = decoder.take(data.bytes)
                let bound = bound(with: contents)
                try meter.withLock { meter throws(ClientMeter.Fault) in
                    try meter.receive(
                        outputTokens: UInt64(max(0, data.tokens)),
                        bytes: UInt64(data.bytes.count),
                        bound: bound
                    )
                }
                // Of two that are asked, the one that nobody listens to is promised nothing more.
                try report(contents, into: partial)
                try vouch()
                watch.progress(nowWaitingFor: "further token", within: policy.stallDeadline)
            case .finished(let finish):
                let rest = decoder.finish()
                let bound = bound(with: rest)
                try report(rest, into: partial)
                guard UInt64(finish.inputTokens) == inputTokens, UInt64(finish.outputTokens) >= outputTokens else {
                    throw ClientError(
                        .implausibleCount(
                            reported: UInt64(finish.inputTokens),
                            plausible: inputTokens,
                            what: "input tokens at the end"
                        )
                    )
                }
                // An engine's own count may be above what it streamed, such as for tokens that end inside a character.
                let late = UInt64(finish.outputTokens) - outputTokens
                try meter.withLock { meter throws(ClientMeter.Fault) in
                    try meter.receive(outputTokens: late, bytes: 0, bound: bound)
                }
                exact.withLock { $0?.finish() }
                outputTokens += late
                try vouch()
                try partial.claim(for: self)
                return Answer(
                    text: partial.text,
                    usage: TokenCount(input: inputTokens, output: outputTokens),
                    finishReason: FinishReason(finish.reason),
                    receipt: receipt(finish.receipt, prompt: prompt.body, answer: received)
                )
            }
        }
        try Task.checkCancellation()
        throw PeerError.truncated(received: UInt64(partial.text.utf8.count))
    }

    /// The next event; a server that breaks off before it has taken the prompt has refused it.
    private func next(
        of events: inout PeerAnswer.Events.AsyncIterator,
        isAccepted: Bool
    ) async throws -> PeerAnswerEvent? {
        do {
            return try await events.next()
        } catch PeerError.server(let message) where !isAccepted {
            throw ClientError(.refused(server: lock.server, message))
        }
    }

    private func report(_ contents: [GenerationDelta.Content], into partial: PartialAnswer) throws {
        guard !contents.isEmpty else { return }
        try partial.claim(for: self)
        for content in contents {
            partial.append(content)
            switch content {
            case .text(let piece): emit(.token(piece))
            case .reasoning(let piece): emit(.reasoning(piece))
            case .toolCalls(let calls): emit(.toolCalls(calls))
            }
        }
    }

    private func vouch() throws {
        let due = meter.withLock { $0.promise > $0.vouched ? $0.promise : nil }
        guard let due else { return }
        guard mayPromise(due) else { throw ClientError(.budgetUsedUp(promised: vouched, needed: due)) }
        guard let amount = meter.withLock({ $0.nextVoucher() }) else { return }
        let message = VoucherMessage(request: request.address, cumulative: amount, expiresAt: voucherExpiry)
        let voucher = Voucher(signing: message, with: request.keys.voucherKey)
        try peer.send(
            voucher: PeerVoucher(
                cumulative: amount.rawValue,
                expiresAt: voucherExpiry.rawValue,
                signature: voucher.signature.bytes
            )
        )
        emit(.vouched(amount))
    }

    /// The most output tokens that can have come, with these pieces, by an exact count; nil without one.
    private func bound(with contents: [GenerationDelta.Content]) -> UInt64? {
        exact.withLock { exact in
            exact?.take(contents)
            return exact?.bound
        }
    }

    /// What the server has signed, if it is genuine and for just this prompt and answer.
    private func receipt(_ receipt: PeerReceipt?, prompt: [UInt8], answer: [UInt8]) -> AnswerReceipt? {
        guard let receipt, (try? receipt.verify(by: lock.server.bytes, prompt: prompt, answer: answer)) != nil else {
            return nil
        }
        let file = PeerReceiptFile(serverWallet: lock.server.bytes, receipt: receipt)
        return AnswerReceipt(file: file, prompt: prompt, answer: answer)
    }

    private func clientError(for fault: ClientMeter.Fault) -> ClientError {
        switch fault {
        case .tooManyInputTokens(let reported, let plausible):
            ClientError(.implausibleCount(reported: reported, plausible: plausible, what: "input tokens"))
        case .tooManyOutputTokens(let reported, let plausible):
            ClientError(.implausibleCount(reported: reported, plausible: plausible, what: "output tokens"))
        case .promptAboveStake(let needed, let stake):
            ClientError(.budgetTooSmall(budget: stake, needed: needed))
        }
    }
}

extension FinishReason {
    /// The words for a code of the wire.
    init(_ reason: PeerFinishReason) {
        self.init(rawValue: reason.description)
    }
}

/// What has arrived of an answer so far, and whose it is.
///
/// Two lines may be asked the same thing; the first with something to say is the one that is listened to.
final class PartialAnswer: Sendable {
    /// Another line was faster.
    struct Late: Error {}

    private struct State: Sendable {
        var speaker: ServerLine?
        var text = ""
        var hasOtherContent = false
    }

    private let state = Mutex(State())

    /// The text so far.
    var text: String { state.withLock { $0.text } }

    /// Whether there is more than text, which can't be taken up by another server.
    var hasOtherContent: Bool { state.withLock { $0.hasOtherContent } }

    /// Whether nobody has said anything yet.
    var isUndecided: Bool { state.withLock { $0.speaker == nil } }

    /// Makes `line` the one that is listened to.
    ///
    /// - Throws: ``Late`` when another one is.
    func claim(for line: ServerLine) throws(Late) {
        let isFirst = state.withLock { state in
            if state.speaker == nil { state.speaker = line }
            return state.speaker === line
        }
        guard isFirst else { throw Late() }
    }

    func append(_ content: GenerationDelta.Content) {
        state.withLock { state in
            switch content {
            case .text(let piece): state.text += piece
            case .reasoning, .toolCalls: state.hasOtherContent = true
            }
        }
    }
}
