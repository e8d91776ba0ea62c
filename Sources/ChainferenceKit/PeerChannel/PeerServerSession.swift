public import SodiumCrypto

/// A server's session with an admitted client, for the duration of its `serve` closure.
///
/// It outlives connections: when one is lost the answer under way goes on, and a client that comes back in time finds it
/// where it left it.
///
/// ```swift
/// while let prompt = try await session.nextPrompt() {
///     let answer = session.answer(to: prompt)
///     try await answer.accept(parameters)
///     try await session.waitForVoucher(timeout: .seconds(30)) { $0.cumulative >= due }
///     try await answer.untilCancelled { for try await piece in pieces { try await answer.send(piece.bytes, tokens: 1) } }
///     try await answer.finish(.stop, inputTokens: 12, outputTokens: 34)
/// }
/// ```
public final class PeerServerSession: Sendable {
    /// The request that the session is about.
    public let request: PeerRequest
    /// The client's proven key.
    public let clientKey: X25519.PublicKey
    /// The handshake hash of the newest connection: the same 32 bytes on both sides and in no other connection.
    public var channelBinding: [UInt8] { link.read { $0.applicant?.channelBinding ?? [] } }

    let link: SessionLink<ServerSessionMachine>
    /// Which lock of the request the session is about.
    let lock: UInt64
    private let clock: SessionClock

    init(
        monitor: SessionMonitor<ServerSessionMachine>,
        clock: SessionClock,
        applicant: PeerApplicant,
        lock: UInt64
    ) {
        link = SessionLink(monitor)
        self.clock = clock
        self.lock = lock
        request = applicant.request
        clientKey = applicant.clientKey
    }

    var key: PeerServer.ConversationKey { .init(request: request.address, clientKey: clientKey) }

    /// How long the client has been without a connection; `nil` while it has one.
    public var disconnectedFor: Duration? {
        let now = clock.now()
        return link.read { $0.isOver ? max(.zero, now - $0.lastSeen) : nil }
    }

    /// The next prompt; `nil` when the session has ended in good order and its last voucher has been accepted.
    ///
    /// - Throws: Why the session ended otherwise.
    public func nextPrompt() async throws -> PeerPrompt? {
        let reading = try await link.wait { machine -> ServerSessionMachine.PromptReading? in
            let reading = try machine.takePrompt()
            if case .notYet = reading { return nil }
            return reading
        }
        guard case .prompt(let prompt) = reading else { return nil }
        return prompt
    }

    /// The writer of the answer to a prompt that ``nextPrompt()`` gave.
    public func answer(to prompt: PeerPrompt) -> PeerAnswerWriter {
        PeerAnswerWriter(prompt: prompt, session: self)
    }

    /// The newest voucher that was accepted, if any.
    public var newestVoucher: PeerVoucher? { link.read { $0.acceptedVoucher } }

    /// Waits until an accepted voucher satisfies `condition`.
    ///
    /// - Parameters:
    ///   - timeout: The longest wait; time in which the client has no connection does not count.
    ///   - condition: What the voucher must cover; called with each newly accepted one.
    /// - Returns: The first newest voucher that satisfies it; at once if the present one does.
    /// - Throws: ``PeerError/deadlineExceeded(_:)`` after `timeout`, ``PeerError/cancelledByClient`` if the client cancels the
    ///   answer meanwhile, or why the session ended.
    @discardableResult
    public func waitForVoucher(
        timeout: Duration,
        where condition: @escaping @Sendable (PeerVoucher) -> Bool
    ) async throws -> PeerVoucher {
        let link = link
        let attempt = { @Sendable () async throws -> PeerVoucher in
            try await link.wait { machine -> PeerVoucher? in
                if let voucher = machine.acceptedVoucher, condition(voucher) { return voucher }
                if machine.hasUncheckedVoucher || machine.isParked { return nil }
                if let ending = machine.ending { throw ending }
                if machine.clientHasClosed { throw PeerError.closed(.done) }
                if machine.answer?.isCancelled == true { throw PeerError.cancelledByClient }
                return nil
            }
        }
        while true {
            do {
                return try await withDeadline(timeout, .voucher, clock: clock, attempt)
            } catch PeerError.deadlineExceeded(.voucher) {
                guard link.read({ $0.isParked }) else { throw PeerError.deadlineExceeded(.voucher) }
                // A client without a connection can't pay; when it is back it has the whole time again.
                _ = try await link.wait { $0.isParked ? nil : true }
            }
        }
    }

    /// Begins to close the session; the client is told why.
    public func close(_ reason: PeerCloseReason = .done) {
        let now = clock.now()
        link.change { $0.close(reason, now: now) }
    }
}

/// A prompt, whole and with its digest checked.
public struct PeerPrompt: Hashable, Sendable {
    /// Its number; numbers rise under one lock.
    public let number: UInt32
    /// The JSON of an OpenAI chat-completions request, as the client sent it.
    ///
    /// Nothing in it is trustworthy.
    public let bytes: [UInt8]
    /// SHA-256 of the bytes.
    public let digest: [UInt8]
}

/// Writes the answer to one prompt: `accept`, then `send` any number of times, then `finish`; or `fail` at any time.
public struct PeerAnswerWriter: Sendable {
    /// The prompt that is answered.
    public let prompt: PeerPrompt
    let session: PeerServerSession

    /// Tells the client that its prompt is taken, and on what terms.
    ///
    /// - Throws: Why the session ended, or ``PeerError/cancelledByClient``.
    public func accept(_ parameters: AnswerParameters) async throws {
        try session.link.change { machine throws(PeerError) in try machine.accept(prompt.number, parameters) }
    }

    /// Sends the next bytes of the answer, and waits while too many bytes wait for the wire or the client's window.
    ///
    /// - Parameters:
    ///   - bytes: The bytes; may be empty when a token gives none yet.
    ///   - tokens: How many tokens end with them.
    /// - Throws: ``PeerError/cancelledByClient`` when the client has cancelled: end with ``finish(_:inputTokens:outputTokens:sign:)``.
    ///   Otherwise why the session ended.
    public func send(_ bytes: [UInt8], tokens: Int) async throws {
        let number = prompt.number
        var rest = bytes[...]
        repeat {
            // A large piece goes in as room appears; its tokens have ended when its last byte has.
            let piece = rest.prefix(4_096)
            rest = rest.dropFirst(4_096)
            let count = rest.isEmpty ? UInt32(clamping: tokens) : 0
            _ = try await session.link.wait { machine -> Bool? in
                try machine.send(number, piece, tokens: count) ? true : nil
            }
        } while !rest.isEmpty
    }

    /// Runs `body` in a task that is cancelled as soon as the client cancels this answer.
    ///
    /// - Returns: What `body` returns, or `nil` when the client cancelled first; the errors that the cancellation causes in
    ///   `body` are dropped then.
    /// - Throws: What `body` throws for other reasons, or why the session ended.
    public func untilCancelled<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        let number = prompt.number
        let link = session.link
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask { try await body() }
            group.addTask {
                _ = try await link.wait { $0.isUnwanted(number) ? true : nil }
                return nil
            }
            defer { group.cancelAll() }
            do {
                if let result = try await group.next() ?? nil { return result }
            } catch {
                // `body` may have failed because the client cancelled; that is no failure.
                if isCancelledByClient { return nil }
                throw error
            }
            if isCancelledByClient { return nil }
            try link.change { machine throws(PeerError) in try machine.checkAnswer(number) }
            return nil
        }
    }

    /// Whether the client has cancelled this answer.
    public var isCancelledByClient: Bool { session.link.read { $0.isCancelled(prompt.number) } }

    /// Ends the answer; everything sent so far is delivered before.
    ///
    /// - Parameters:
    ///   - reason: Why it ended; a cancelled answer always ends with ``PeerFinishReason/cancelled``.
    ///   - inputTokens: How many tokens the prompt had.
    ///   - outputTokens: How many tokens were generated.
    ///   - sign: Gives the receipt's Ed25519 signature, 64 bytes, or `nil` for an answer without one.
    /// - Returns: The receipt, signed or not.
    /// - Throws: Why the session ended; what `sign` throws.
    @discardableResult
    public func finish(
        _ reason: PeerFinishReason,
        inputTokens: UInt32,
        outputTokens: UInt32,
        sign: (PeerReceipt) throws -> [UInt8]? = { _ in nil }
    ) async throws -> PeerReceipt {
        var receipt = try session.link.change { machine throws(PeerError) in
            try machine.receipt(prompt, reason: reason, inputTokens: inputTokens, outputTokens: outputTokens)
        }
        if let signature = try sign(receipt) {
            guard signature.count == FinMessage.signatureSize else {
                throw PeerError.misuse("a receipt's signature has 64 bytes")
            }
            receipt.signature = signature
        }
        try session.link.change { [receipt] machine throws(PeerError) in try machine.finish(receipt) }
        return receipt
    }

    /// Breaks the answer off; the client gets the reason.
    public func fail(_ message: PeerErrorMessage) {
        session.link.change { $0.fail(prompt.number, message) }
    }
}
