public import Inference
public import InferenceMarket
import PeerChannel
import Solana
import Synchronization

/// A lock of a server, for as many prompts as the stake pays for: one stake, one settlement, no transactions between.
///
/// Lent by ``InferenceClient/withSession(_:budget:for:onEvent:_:)``; one prompt at a time.
public final class ChatSession: Sendable {
    /// Who answers, on which terms, until when.
    public let lock: RequestLock

    private let request: OwnRequest
    private let voucherExpiry: UnixTime
    private let peer: PeerSession
    private let policy: ClientPolicy
    private let emit: @Sendable (ClientEvent) -> Void
    private let meter: Mutex<ClientMeter>

    init(
        lock: RequestLock,
        request: OwnRequest,
        voucherExpiry: UnixTime,
        peer: PeerSession,
        policy: ClientPolicy,
        emit: @escaping @Sendable (ClientEvent) -> Void
    ) {
        self.lock = lock
        self.request = request
        self.voucherExpiry = voucherExpiry
        self.peer = peer
        self.policy = policy
        self.emit = emit
        meter = Mutex(ClientMeter(terms: lock.terms, stake: request.stake))
    }

    /// What has been promised so far; the server can charge no more than this or the credit.
    public var vouched: Lamports { meter.withLock { $0.vouched } }

    /// What has been used so far, over all prompts.
    public var usage: TokenCount { meter.withLock { $0.usage } }

    /// Sends a prompt and receives its answer, vouching on the way.
    ///
    /// Pieces of the answer go to the session's `onEvent` as they arrive. Cancelling the task stops the model; what came
    /// until then is paid for.
    ///
    /// - Throws: ``ClientError`` when there is no complete answer. The session can't be used any more then.
    @discardableResult
    public func ask(_ prompt: GenerationRequest) async throws -> Answer {
        guard prompt.body.count <= policy.maximumPromptBytes else {
            throw ClientError(.promptTooLong(bytes: prompt.body.count, limit: policy.maximumPromptBytes))
        }
        let watch = ProgressWatch(waitingFor: "acceptance of the prompt", within: policy.firstTokenDeadline)
        do {
            return try await withTaskCancellationHandler {
                try await watch.run { try await self.receive(prompt, watch: watch) }
            } onCancel: {
                peer.cancel()
            }
        } catch let fault as ClientMeter.Fault {
            peer.cancel()
            throw clientError(for: fault)
        } catch let error as ClientError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw ClientError(.interrupted(server: lock.server, cause: error))
        }
    }

    private func receive(_ prompt: GenerationRequest, watch: ProgressWatch) async throws -> Answer {
        let answer = try await peer.prompt(prompt.body)
        var decoder = AnswerDecoder()
        var text = ""
        var inputTokens: UInt64 = 0
        var outputTokens: UInt64 = 0
        for try await event in answer.events {
            switch event {
            case .accepted(let parameters):
                inputTokens = UInt64(parameters.inputTokens)
                try meter.withLock { meter throws(ClientMeter.Fault) in
                    try meter.accept(inputTokens: inputTokens, promptBytes: UInt64(prompt.body.count))
                }
                try vouch()
                emit(.accepted(inputTokens: inputTokens))
                watch.progress(nowWaitingFor: "first token", within: policy.firstTokenDeadline)
            case .data(let data):
                outputTokens += UInt64(max(0, data.tokens))
                try meter.withLock { meter throws(ClientMeter.Fault) in
                    try meter.receive(outputTokens: UInt64(max(0, data.tokens)), bytes: UInt64(data.bytes.count))
                }
                try vouch()
                report(decoder.take(data.bytes), into: &text)
                watch.progress(nowWaitingFor: "further token", within: policy.stallDeadline)
            case .finished(let finish):
                report(decoder.finish(), into: &text)
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
                    try meter.receive(outputTokens: late, bytes: 0)
                }
                outputTokens += late
                try vouch()
                let result = Answer(
                    text: text,
                    usage: TokenCount(input: inputTokens, output: outputTokens),
                    finishReason: FinishReason(finish.reason),
                    hasReceipt: isGenuine(finish.receipt)
                )
                emit(.finished(result))
                return result
            }
        }
        try Task.checkCancellation()
        throw PeerError.truncated(received: UInt64(text.utf8.count))
    }

    private func report(_ contents: [GenerationDelta.Content], into text: inout String) {
        for content in contents {
            switch content {
            case .text(let piece):
                text += piece
                emit(.token(piece))
            case .reasoning(let piece): emit(.reasoning(piece))
            case .toolCalls(let calls): emit(.toolCalls(calls))
            }
        }
    }

    private func vouch() throws {
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

    private func isGenuine(_ receipt: PeerReceipt?) -> Bool {
        guard let receipt, let signature = try? Signature(bytes: receipt.signature) else { return false }
        return signature.verify(receipt.signedMessage, by: lock.server)
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
