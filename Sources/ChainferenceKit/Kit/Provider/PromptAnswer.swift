import Inference
import InferenceMarket
import PeerChannel
import Solana
import Synchronization

/// The way of one prompt: checked, accepted, vouched for, generated within the window, signed off.
struct PromptAnswer: Sendable {
    /// Why generation stops although the model could go on.
    private enum Stop: Error {
        /// The stake pays for nothing more.
        case stakeUsedUp
        /// The client has begun to close, or the time for the claim has come.
        case lockEnds
        /// The answer has taken as long as it may.
        case timeUsedUp
        /// A voucher that was due did not come.
        case unpaid
    }

    /// What has been delivered of this answer.
    private struct Delivery: Sendable {
        var encoder = AnswerEncoder()
        var meter = OutputMeter()
        var sentTokens = 0
    }

    let engine: ProviderEngine
    let active: ActiveLock
    let session: PeerServerSession
    let writer: PeerAnswerWriter
    private let delivery = Shared(Delivery())

    init(engine: ProviderEngine, active: ActiveLock, session: PeerServerSession, writer: PeerAnswerWriter) {
        self.engine = engine
        self.active = active
        self.session = session
        self.writer = writer
    }

    private var configuration: Provider.Configuration { engine.configuration }
    private var limits: Provider.Limits { active.engagement?.limits ?? Provider.Limits() }

    /// Answers the prompt.
    ///
    /// - Throws: ``PeerErrorMessage`` for what the client is to be told; otherwise why the session ended.
    func run() async throws {
        let prompt = try parse()
        let inputTokens = try await countInput(of: prompt)
        let request = try limit(prompt, inputTokens: inputTokens)
        try await writer.accept(
            AnswerParameters(
                inputTokens: UInt32(clamping: inputTokens),
                maximumOutputTokens: UInt32(clamping: request.maximumOutputTokens ?? limits.maximumOutputTokens),
                voucherWindow: UInt32(clamping: configuration.voucherWindow)
            )
        )
        engine.report(.accepted(request: active.address, inputTokens: inputTokens))
        try await waitUntilPaid(inputTokens: inputTokens)
        active.state.withLock { $0.meter?.begin(inputTokens: inputTokens) }
        try await generate(request, inputTokens: inputTokens)
    }

    // MARK: Before the backend runs

    private func parse() throws(PeerErrorMessage) -> GenerationRequest {
        let model = active.request.model
        guard let offer = active.engagement?.offer else { throw PeerErrorMessage(.modelUnavailable) }
        do throws(InferenceError) {
            let request = try GenerationRequest(parsing: writer.prompt.bytes)
            guard request.model == model.name else {
                throw .invalidRequest(reason: "it asks for another model than the one that is paid for")
            }
            return offer.backendModel == model.name ? request : try request.renamingModel(to: offer.backendModel)
        } catch {
            throw PeerErrorMessage(.promptInvalid, text: "\(error)")
        }
    }

    /// What the prompt counts: the engine's count or the estimate, never more than the client finds plausible.
    private func countInput(of request: GenerationRequest) async throws -> UInt64 {
        var count = TokenEstimate.inputTokens(of: request)
        do {
            if let exact = try await active.engagement?.backend.inputTokens(of: request) { count = exact }
        } catch {
            try Task.checkCancellation()
            // An engine that can't count now may still answer; the estimate stands.
        }
        return UInt64(clamping: min(count, TokenEstimate.outputCeiling(bytes: writer.prompt.bytes.count)))
    }

    private func limit(_ request: GenerationRequest, inputTokens: UInt64) throws(PeerErrorMessage) -> GenerationRequest
    {
        guard active.mayServe, let meter = active.state.withLock({ $0.meter }),
            let deadline = active.state.withLock({ $0.lock?.deadline })
        else { throw PeerErrorMessage(.requestOver) }
        guard engine.time.now.seconds(until: deadline) >= ProviderEngine.leastSecondsForPrompt else {
            throw PeerErrorMessage(.tooLittleTime)
        }
        if let limit = limits.maximumInputTokens, inputTokens > limit {
            throw PeerErrorMessage(.promptTooLarge, text: "\(inputTokens) tokens; at most \(limit) are taken")
        }
        guard meter.canAfford(inputTokens: inputTokens) else { throw PeerErrorMessage(.stakeTooSmall) }
        let total = meter.usage.adding(TokenCount(input: inputTokens, output: 0))
        let payable = meter.terms.affordableOutput(within: meter.stake, inputTokens: total.input) ?? 0
        let left = payable - min(payable, meter.usage.output)
        do throws(InferenceError) {
            return try request.limitingOutput(to: min(limits.maximumOutputTokens, Int(clamping: left)))
        } catch {
            throw PeerErrorMessage(.promptInvalid, text: "\(error)")
        }
    }

    /// What is due before the first token, minimum and input, is covered by the first voucher, unless the credit does: then
    /// nobody waits for a voucher's way through the shaped stream.
    private func waitUntilPaid(inputTokens: UInt64) async throws {
        let (needed, secured, vouched) = active.state.withLock { state in
            let meter = state.meter
            return (
                meter?.neededToBegin(inputTokens: inputTokens) ?? .zero, meter?.secured ?? .zero,
                meter?.vouched ?? .zero
            )
        }
        guard secured < needed else {
            // On disk before anything is delivered: a crash must not forget that it was.
            if vouched < needed { try await engine.store.setBegunOnCredit(needed, of: active.id) }
            return
        }
        engine.report(.awaitingVoucher(request: active.address, atLeast: needed))
        do {
            try await waitForVoucher(atLeast: needed)
        } catch is Stop {
            throw PeerErrorMessage(.voucherMissing, text: "\(needed.rawValue) lamports are due before the first token")
        }
    }

    private func waitForVoucher(atLeast amount: Lamports) async throws {
        do {
            try await session.waitForVoucher(timeout: configuration.voucherTimeout) { $0.cumulative >= amount.rawValue }
        } catch PeerError.deadlineExceeded {
            throw Stop.unpaid
        }
    }

    // MARK: Generating

    private func generate(_ request: GenerationRequest, inputTokens: UInt64) async throws {
        guard let engagement = active.engagement else { throw PeerErrorMessage(.modelUnavailable) }
        let (backend, name) = (engagement.backend, engagement.offer.backend)
        var reason = PeerFinishReason.stop
        var usage: Inference.TokenUsage?
        do {
            let summary = try await writer.untilCancelled {
                try await withTimeLimit {
                    try await backend.generate(request, into: GenerationOutput { try await deliver($0) })
                }
            }
            if let summary {
                engine.state.withLock { $0.health[name, default: BackendHealth()].succeeded() }
                reason = summary.finishReason.code
                usage = summary.usage
            } else {
                reason = .cancelled
            }
        } catch is Stop {
            reason = .limit
        } catch PeerError.cancelledByClient {
            reason = .cancelled
        } catch let error as PeerError {
            throw error
        } catch {
            try Task.checkCancellation()
            active.state.withLock { $0.hasFailed = true }
            let now = engine.time.now
            engine.state.withLock { $0.health[name, default: BackendHealth()].failed(at: now) }
            engine.report(.backendTrouble(name, reason: "\(error)"))
            throw PeerErrorMessage(.backendFailed, text: "the model backend failed")
        }
        try await finish(reason, usage: usage, inputTokens: inputTokens)
    }

    /// Ends the work when the answer has taken as long as it may, whether or not the backend says anything.
    private func withTimeLimit<Result: Sendable>(
        _ work: @escaping @Sendable () async throws -> Result
    ) async throws -> Result {
        guard let limit = limits.maximumDuration else { return try await work() }
        return try await withThrowingTaskGroup(of: Result.self) { group in
            group.addTask { try await work() }
            group.addTask {
                try await engine.time.sleep(for: limit)
                throw Stop.timeUsedUp
            }
            defer { group.cancelAll() }
            guard let result = try await group.next() else { throw Stop.timeUsedUp }
            return result
        }
    }

    /// Sends a piece when the window is open, and waits for a voucher when it is not.
    private func deliver(_ delta: GenerationDelta) async throws {
        try await waitForPermission()
        let (bytes, tokens) = delivery.value.withLock { delivery in
            delivery.meter.add(delta)
            let tokens = delivery.meter.tokens - delivery.sentTokens
            delivery.sentTokens += tokens
            return (delivery.encoder.encode(delta.content), tokens)
        }
        active.state.withLock { state in
            state.meter?.deliver(outputTokens: UInt64(tokens))
            state.hasDelivered = true
        }
        try await writer.send(bytes, tokens: tokens)
    }

    private func waitForPermission() async throws {
        while true {
            guard active.mayServe, !isTimeUp else { throw Stop.lockEnds }
            switch active.state.withLock({ $0.meter?.permission }) {
            case .generate: return
            case .stakeUsedUp, nil: throw Stop.stakeUsedUp
            case .awaitVoucher(let amount):
                engine.report(.awaitingVoucher(request: active.address, atLeast: amount))
                try await waitForVoucher(atLeast: amount)
            }
        }
    }

    private var isTimeUp: Bool {
        guard let deadline = active.state.withLock({ $0.lock?.deadline }) else { return true }
        return engine.time.now.seconds(until: deadline) <= engine.claimPolicy.secondsBeforeDeadline
    }

    // MARK: Signing off

    private func finish(
        _ reason: PeerFinishReason,
        usage: Inference.TokenUsage?,
        inputTokens: UInt64
    ) async throws {
        let (counted, sent) = delivery.value.withLock { ($0.meter.finalTokens(usage: usage), $0.sentTokens) }
        // The end never says less than was streamed, because that is what the client has vouched for. What an engine
        // counts beyond that is due, too; the client vouches for it when it sees the end.
        let final = reason == .cancelled ? sent : max(counted, sent)
        if final > sent { active.state.withLock { $0.meter?.deliver(outputTokens: UInt64(final - sent)) } }
        let wallet = engine.wallet
        try await writer.finish(
            reason,
            inputTokens: UInt32(clamping: inputTokens),
            outputTokens: UInt32(clamping: final),
            sign: { try wallet.sign($0.signedMessage).bytes }
        )
        engine.report(
            .answered(
                request: active.address,
                usage: TokenCount(input: inputTokens, output: UInt64(final)),
                reason: reason.word
            )
        )
    }
}

/// A mutex that several copies of a value share.
private final class Shared<Value: Sendable>: Sendable {
    let value: Mutex<Value>

    init(_ value: Value) { self.value = Mutex(value) }
}

extension FinishReason {
    /// The reason's code on the wire; words that the protocol does not know mean that the model stopped.
    var code: PeerFinishReason {
        switch self {
        case .length: .length
        case .toolCalls: .toolCalls
        case .contentFilter: .contentFilter
        default: .stop
        }
    }
}

extension PeerFinishReason {
    /// The reason in OpenAI's words where it has one.
    var word: FinishReason { FinishReason(rawValue: description) }
}
