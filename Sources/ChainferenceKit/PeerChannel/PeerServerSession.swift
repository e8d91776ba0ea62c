public import SodiumCrypto

/// A server's session with an admitted client, for the duration of its `serve` closure.
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
    /// The handshake hash: the same 32 bytes on both sides and in no other session.
    public let channelBinding: [UInt8]

    init(applicant: PeerApplicant) {
        request = applicant.request
        clientKey = applicant.clientKey
        channelBinding = applicant.channelBinding
    }

    /// The next prompt; `nil` when the client has closed the session in good order or the idle limit is reached.
    ///
    /// - Throws: Why the session ended otherwise.
    public func nextPrompt() async throws -> PeerPrompt? {
        throw PeerError.notSupportedYet("The peer channel")
    }

    /// The writer of the answer to a prompt that ``nextPrompt()`` gave.
    public func answer(to prompt: PeerPrompt) -> PeerAnswerWriter {
        PeerAnswerWriter(prompt: prompt, session: self)
    }

    /// The newest voucher that was accepted, if any.
    public var newestVoucher: PeerVoucher? { nil }

    /// Waits until an accepted voucher satisfies `condition`.
    ///
    /// - Parameters:
    ///   - timeout: The longest wait.
    ///   - condition: What the voucher must cover; called with each newly accepted one.
    /// - Returns: The first newest voucher that satisfies it; at once if the present one does.
    /// - Throws: ``PeerError/deadlineExceeded(_:)`` after `timeout`, ``PeerError/cancelledByClient`` if the client cancels the
    ///   answer meanwhile, or why the session ended.
    @discardableResult
    public func waitForVoucher(
        timeout: Duration,
        where condition: @Sendable (PeerVoucher) -> Bool
    ) async throws -> PeerVoucher {
        throw PeerError.notSupportedYet("The peer channel")
    }

    /// Begins to close the session; the client is told why.
    public func close(_ reason: PeerCloseReason = .done) {}
}

/// A prompt, whole and with its digest checked.
public struct PeerPrompt: Hashable, Sendable {
    /// Its number; numbers rise under one lock.
    public let number: UInt32
    /// The JSON of an OpenAI chat-completions request, as the client sent it. Nothing in it is trustworthy.
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
        throw PeerError.notSupportedYet("The peer channel")
    }

    /// Sends the next bytes of the answer, and waits while too many bytes wait for the wire or the client's window.
    ///
    /// - Parameters:
    ///   - bytes: The bytes; may be empty when a token gives none yet.
    ///   - tokens: How many tokens end with them.
    /// - Throws: ``PeerError/cancelledByClient`` when the client has cancelled: end with ``finish(_:inputTokens:outputTokens:sign:)``.
    ///   Otherwise why the session ended.
    public func send(_ bytes: [UInt8], tokens: Int) async throws {
        throw PeerError.notSupportedYet("The peer channel")
    }

    /// Runs `body` in a task that is cancelled as soon as the client cancels this answer.
    ///
    /// - Returns: What `body` returns, or `nil` when the client cancelled first; the errors that the cancellation causes in
    ///   `body` are dropped then.
    /// - Throws: What `body` throws for other reasons, or why the session ended.
    public func untilCancelled<Result: Sendable>(
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Result? {
        try await body()
    }

    /// Whether the client has cancelled this answer.
    public var isCancelledByClient: Bool { false }

    /// Ends the answer; everything sent so far is delivered before.
    ///
    /// - Parameters:
    ///   - reason: Why it ended; a cancelled answer always ends with ``FinishReason/cancelled``.
    ///   - inputTokens: How many tokens the prompt had.
    ///   - outputTokens: How many tokens were generated.
    ///   - sign: Gives the receipt's Ed25519 signature, 64 bytes, or `nil` for an answer without one.
    /// - Returns: The receipt, signed or not.
    /// - Throws: Why the session ended; what `sign` throws.
    @discardableResult
    public func finish(
        _ reason: FinishReason,
        inputTokens: UInt32,
        outputTokens: UInt32,
        sign: (PeerReceipt) throws -> [UInt8]? = { _ in nil }
    ) async throws -> PeerReceipt {
        throw PeerError.notSupportedYet("The peer channel")
    }

    /// Breaks the answer off; the client gets the reason.
    public func fail(_ message: PeerErrorMessage) {}
}
