public import Inference
public import InferenceMarket
public import Solana
import Synchronization

extension InferenceClient {
    /// Stakes a budget, finds a server, lends the session to `body`, and settles.
    ///
    /// Whatever happens in `body`, the money is looked after: what nobody earned comes back, at once or, when a server
    /// has to be waited for, by ``sweep()``.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - budget: The most that all servers together can charge, for all prompts; transaction fees come on top.
    ///   - prompt: The first prompt, for a better quote; nil if unknown.
    ///   - onEvent: Hears of every step, from ``ClientEvent/quoted(_:)`` to ``ClientEvent/settled(_:)``. Must not block.
    ///   - body: Uses the session.
    /// - Returns: What `body` returns.
    /// - Throws: ``ClientError``, `CancellationError`, and what `body` throws.
    @discardableResult
    public func withSession<Result: Sendable>(
        _ model: ModelID,
        budget: Lamports,
        for prompt: GenerationRequest? = nil,
        onEvent: @escaping @Sendable (ClientEvent) -> Void = { _ in },
        _ body: @escaping @Sendable (ChatSession) async throws -> Result
    ) async throws -> Result {
        try await withHost(model, budget: budget, for: prompt, onEvent: onEvent) { host in
            try await body(ChatSession(host: host))
        }
    }

    /// As ``withSession(_:budget:for:onEvent:_:)``, with the machinery behind it: `closesRequests` says whether requests are
    /// closed once they are claimed, `excluded` names wallets of servers that must not be asked.
    func withHost<Result: Sendable>(
        _ model: ModelID,
        budget: Lamports,
        for prompt: GenerationRequest?,
        closesRequests: Bool = true,
        excluding excluded: Set<Address> = [],
        onEvent: @escaping @Sendable (ClientEvent) -> Void,
        _ body: @escaping @Sendable (SessionHost) async throws -> Result
    ) async throws -> Result {
        if let prompt, prompt.body.count > policy.maximumPromptBytes {
            throw ClientError(.promptTooLong(bytes: prompt.body.count, limit: policy.maximumPromptBytes))
        }
        let survey: MarketSurvey
        do {
            survey = try await self.survey(model, budget: budget, for: prompt)
        } catch {
            throw ClientError.wrapping(error)
        }
        onEvent(.quoted(survey.quote))
        return try await listening { client in
            // Goes on while the session does, for the next choice.
            async let _: Void = client.learn(about: survey.choices.map(\.offer.account))
            let host = SessionHost(client: client, survey: survey, closesRequests: closesRequests, emit: onEvent)
            host.state.withLock { $0.refused = excluded }
            return try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { await host.serve() }
                do {
                    try await host.openLine()
                    let result = try await body(host)
                    try await host.finish()
                    return result
                } catch {
                    throw await host.abort(error)
                }
            }
        }
    }
}
