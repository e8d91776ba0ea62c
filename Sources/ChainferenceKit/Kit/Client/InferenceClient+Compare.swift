public import Inference
public import InferenceMarket
public import Solana
import SolanaRPC

/// One of two answers to the same question.
public struct ComparedAnswer: Hashable, Sendable {
    /// The answer.
    public let answer: Answer
    /// The wallet of the server that gave it.
    public let server: Address
    /// What it cost.
    public let settlement: Settlement
}

/// Two answers to one question, and what was made of them.
public struct AnswerComparison: Hashable, Sendable {
    /// Which of the two.
    public enum Side: Hashable, Sendable, CaseIterable {
        /// The first.
        case first
        /// The second.
        case second
    }

    /// The answer of the server that ranks first.
    public let first: ComparedAnswer
    /// The answer of the other server.
    public let second: ComparedAnswer
    /// Which was better; nil when neither was, and nothing was published.
    public let preferred: Side?
    /// The transaction that tells the chain; nil when nothing was published.
    public let signature: Signature?
}

extension InferenceClient {
    /// Asks two servers the same thing at once through two wallets, and tells the chain which answer was better.
    ///
    /// Both servers' records count the comparison. It links the two wallets for good, because both sign it; disposable ones
    /// (see ``DisposableWallets``) keep the rest of yours out of it.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - prompt: What to ask.
    ///   - budget: The most that both servers together can charge. Each must charge at least the market's minimum for
    ///     comparisons.
    ///   - wallets: Two wallets that pay, each with half of the budget, rent and fees in it.
    ///   - judge: Says which answer was better; nil publishes nothing.
    /// - Returns: Both answers and what was published.
    /// - Throws: ``ClientError``, and what `judge` throws; nothing is published then, and both servers are paid for what they
    ///   delivered.
    public func compare(
        _ model: ModelID,
        _ prompt: GenerationRequest,
        budget: Lamports,
        wallets: (first: Wallet, second: Wallet),
        judge: @Sendable (_ first: Answer, _ second: Answer) async throws -> AnswerComparison.Side?
    ) async throws -> AnswerComparison {
        let choices = try await choices(for: model, prompt: prompt)
        guard choices.count >= 2 else { throw ClientError(.noSuitableServer(model, offering: choices.count)) }
        let servers = choices.map(\.offer.server)
        var policy = policy
        policy.flow = .only(.direct)
        policy.maximumServers = servers.count
        policy.failoverTolerance = BasisPoints(rawValue: .max)
        let sides = [paying(with: wallets.first, policy: policy), paying(with: wallets.second, policy: policy)]
        let half = Lamports(rawValue: budget.rawValue / 2)
        do {
            async let one = sides[0].answer(prompt, of: model, budget: half, by: servers[0], among: servers)
            async let two = sides[1].answer(prompt, of: model, budget: half, by: servers[1], among: servers)
            let answers = try await [one, two]
            let preferred = try await judge(answers[0].answer, answers[1].answer)
            var signature: Signature?
            if let preferred {
                let responses = zip(answers, sides).map { answer, client in
                    CompareResponsesInstruction.Response(
                        request: answer.settlement.request,
                        server: chain.market.server(of: answer.server),
                        requester: client.wallet.address
                    )
                }
                let compare = CompareResponsesInstruction(
                    preferred: responses[preferred == .first ? 0 : 1],
                    other: responses[preferred == .first ? 1 : 0]
                )
                signature = try await chain.sender.send(
                    [compare.instruction(in: chain.market)],
                    payer: wallets.first,
                    signers: [wallets.second]
                ).signature
            }
            for side in sides { try await side.sweep() }
            return AnswerComparison(first: answers[0], second: answers[1], preferred: preferred, signature: signature)
        } catch {
            // Claimed requests were kept open for the comparison, and hold their rent.
            for side in sides { _ = try? await uncancelled { try await side.sweep() } }
            throw error is TransactionSendError ? ClientError.wrapping(error) : error
        }
    }

    /// The answer of one certain server, claimed and not closed.
    private func answer(
        _ prompt: GenerationRequest,
        of model: ModelID,
        budget: Lamports,
        by server: Address,
        among servers: [Address]
    ) async throws -> ComparedAnswer {
        let settlements = OneShot<Settlement>()
        let answer = try await withHost(
            model,
            budget: budget,
            for: prompt,
            closesRequests: false,
            excluding: Set(servers).subtracting([server]),
            onEvent: { if case .settled(let settlement) = $0 { settlements.resolve(settlement) } },
            { try await $0.ask(prompt) }
        )
        guard let settlement = settlements.current, case .complete = settlement.state else {
            throw ClientError(.interrupted(server: server, cause: NotClaimed()))
        }
        return ComparedAnswer(answer: answer, server: server, settlement: settlement)
    }

    private struct NotClaimed: Error, CustomStringConvertible {
        let description = "it did not claim in time, so nothing can be compared"
    }
}
