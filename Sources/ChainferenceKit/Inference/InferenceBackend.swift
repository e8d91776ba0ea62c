/// Something that generates text: an engine, a server, or a program of one's own.
///
/// A backend is what a provider sells the work of. It sees the prompt in the clear, and it is the only part of a provider
/// that a new engine needs; "Writing a backend" in the documentation shows a complete one.
///
/// Methods may be called from any task, and ``generate(_:into:)`` runs many times at once: conformances hold no state that
/// is not safe for that, and queue, or throw ``InferenceError/overloaded(retryAfter:)``, when they can't keep up.
public protocol InferenceBackend: Sendable {
    /// The names of the models that can be asked for right now.
    ///
    /// Called when a provider starts and from then on now and again, so it should answer within seconds. The names are the
    /// ones that ``GenerationRequest/model`` carries. An engine that can't be reached throws
    /// ``InferenceError/unavailable(reason:)``; an empty list means that it runs and has nothing to offer.
    func models() async throws -> [String]

    /// Counts the tokens of a request's input as the engine will, or returns nil when it can't know before it runs.
    ///
    /// Must not generate and must not take long: the client waits. The default returns nil, and the caller falls back to
    /// ``TokenEstimate/inputTokens(of:)``.
    func inputTokens(of request: GenerationRequest) async throws -> Int?

    /// Generates one answer and writes it to `output` as it comes into being.
    ///
    /// An implementation
    ///
    /// * writes each piece as soon as it exists, and awaits each write: that is how a slow reader slows the engine down;
    /// * writes nothing after the stop sequence that ended the answer, and no more than
    ///   ``GenerationRequest/maximumOutputTokens`` tokens;
    /// * stops working, and frees what it holds, as soon as its task is cancelled or a write throws, and lets that error
    ///   pass on (as `CancellationError` or its own equivalent). The caller counts on it: after cancellation nobody pays;
    /// * has a deadline of its own for an engine that goes silent, and throws ``InferenceError/timedOut(_:limit:)``;
    /// * throws ``InferenceError`` for what goes wrong, above all ``InferenceError/unknownModel(_:)``, and returns only
    ///   when the answer is complete. What was written before an error was delivered and counts.
    ///
    /// - Parameters:
    ///   - request: What is asked. Fields that the kit does not know are in ``GenerationRequest/body``.
    ///   - output: Where the answer goes.
    /// - Returns: Why the answer ended, and what the engine counted if it counts.
    /// - Throws: ``InferenceError``, or what stopped the backend from outside.
    func generate(_ request: GenerationRequest, into output: GenerationOutput) async throws -> GenerationSummary
}

extension InferenceBackend {
    /// Counts nothing: the caller estimates.
    public func inputTokens(of request: GenerationRequest) async throws -> Int? { nil }
}
