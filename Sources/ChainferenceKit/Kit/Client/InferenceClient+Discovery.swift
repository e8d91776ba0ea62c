public import Inference
public import InferenceMarket
public import Solana
import Synchronization

/// A server that offers a model.
public struct Offer: Hashable, Sendable {
    /// The server's wallet.
    public let server: Address
    /// The server's account.
    public let account: Address
    /// What it asks for.
    public let terms: Terms
    /// Its record.
    public let reputation: Reputation
    /// When it last said that it is alive.
    public let heartbeatAt: UnixTime
}

extension InferenceClient {
    /// The servers that are alive, offer `model` and meet the policy's criteria; cheapest output first.
    ///
    /// - Throws: ``ClientError`` when there is none, with what is offered instead.
    public func offers(for model: ModelID) async throws -> [Offer] {
        do {
            let servers = try await chain.servers()
            let now = try await chain.now()
            return try Self.suitable(servers.map(\.account), model: model, criteria: policy.criteria, now: now) {
                chain.market.server(of: $0)
            }
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// The servers that would be tried for a prompt, best first, each with its reasons.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - prompt: What is to be asked, for the price; nil for something short.
    ///   - history: What the chain remembers of comparisons and payers; nil for what a session would go by, which is what this
    ///     client has read by itself (see ``ClientPolicy/reputation``).
    /// - Returns: All of them.
    /// - Throws: ``ClientError`` when there is none.
    public func choices(
        for model: ModelID,
        prompt: GenerationRequest? = nil,
        history: ServerHistory? = nil
    ) async throws -> [ServerChoice] {
        let offers = try await offers(for: model)
        do {
            let known = if let history { history } else { try await knownHistory(of: offers) }
            return rank(offers, usage: expectedUsage(of: prompt), history: known)
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Every server that is alive, whatever it offers.
    ///
    /// - Returns: The servers' accounts, in no particular order.
    /// - Throws: ``ClientError`` when the node does not answer.
    public func servers() async throws -> [ServerAccount] {
        do {
            let now = try await chain.now()
            return try await chain.servers().map(\.account).filter { $0.isAlive(at: now) }
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Every model that somebody alive offers, in alphabetical order.
    public func models() async throws -> [ModelID] { Self.models(of: try await servers()) }

    static func models(of servers: [ServerAccount]) -> [ModelID] {
        Set(servers.flatMap(\.listings).map(\.model)).sorted { $0.name < $1.name }
    }

    static func suitable(
        _ servers: [ServerAccount],
        model: ModelID,
        criteria: Criteria,
        now: UnixTime,
        account: (Address) -> Address
    ) throws(ClientError) -> [Offer] {
        let listing = servers.filter { $0.listing(for: model.hash) != nil }
        guard !listing.isEmpty else { throw ClientError(.unknownModel(model, offered: models(of: servers))) }
        let offers = listing.filter { $0.isAlive(at: now) && $0.reputation.meets(criteria) }.compactMap { server in
            server.listing(for: model.hash).map { found in
                Offer(
                    server: server.owner,
                    account: account(server.owner),
                    terms: found.listing.terms,
                    reputation: server.reputation,
                    heartbeatAt: server.heartbeatAt
                )
            }
        }
        guard !offers.isEmpty else { throw ClientError(.noSuitableServer(model, offering: listing.count)) }
        return offers.sorted {
            ($0.terms.outputPrice, $0.terms.inputPrice, $0.terms.minimumCharge, $0.server)
                < ($1.terms.outputPrice, $1.terms.inputPrice, $1.terms.minimumCharge, $1.server)
        }
    }

    /// What a session can cost, before anything is spent.
    ///
    /// - Parameters:
    ///   - model: The model.
    ///   - budget: What would be staked.
    ///   - prompt: The first prompt, for the expected cost; nil for a short one.
    /// - Returns: The quote.
    /// - Throws: ``ClientError``: nobody suitable, or a budget that pays for nothing.
    public func quote(_ model: ModelID, budget: Lamports, for prompt: GenerationRequest? = nil) async throws -> Quote {
        do {
            return try await survey(model, budget: budget, for: prompt).quote
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    /// Looks at the market once, for one session.
    func survey(_ model: ModelID, budget: Lamports, for prompt: GenerationRequest?) async throws -> MarketSurvey {
        let servers = try await chain.servers().map(\.account)
        let now = try await chain.now()
        let offers = try Self.suitable(servers, model: model, criteria: policy.criteria, now: now) {
            chain.market.server(of: $0)
        }
        guard let market = try await chain.marketAccount() else {
            throw ClientError(.noMarket(program: chain.market.program))
        }
        let usage = expectedUsage(of: prompt)
        let ranked = rank(offers, usage: usage, history: try await knownHistory(of: offers))
        let accounts = Dictionary(servers.map { ($0.owner, $0) }, uniquingKeysWith: { first, _ in first })
        let hasAddress = ranked.contains { accounts[$0.offer.server]?.peerAddress.isEmpty == false }
        let flow: RequestFlow = policy.flow == .only(.open) || !hasAddress ? .open : .direct
        // In the open flow whoever is fastest locks; the caps are what keeps the price down.
        let terms = flow == .direct ? ranked[0].offer.terms : offers[0].terms
        let caps = terms.raised(by: policy.tolerance)
        let rent = try await chain.rent(forRequestOf: model)
        let dearest = terms.raised(by: policy.failoverTolerance).charge(for: usage)
        do {
            return MarketSurvey(
                quote: try Quote(
                    model: model,
                    terms: terms,
                    tolerance: policy.tolerance,
                    servers: offers.count { $0.terms.isWithin(caps) },
                    stake: budget,
                    expectedUsage: usage,
                    fees: FeeSchedule(),
                    rent: rent,
                    reserve: chain.reserve(byRent: rent, forRequestOf: model),
                    platformFee: market.fee,
                    flow: flow
                ),
                choices: ranked.filter { $0.offer.terms.charge(for: usage) <= dearest },
                accounts: accounts
            )
        } catch {
            switch error {
            case .stakePaysForNothing(let stake, let needed):
                throw ClientError(.budgetTooSmall(budget: stake, needed: needed))
            }
        }
    }

    private func expectedUsage(of prompt: GenerationRequest?) -> TokenCount {
        TokenCount(
            // Four bytes a token is what English text has on most tokenizers; the worst cost doesn't rest on it.
            input: UInt64((prompt?.body.count ?? 0) / 4),
            output: prompt?.maximumOutputTokens.map { UInt64(max(0, $0)) } ?? policy.expectedOutputTokens
        )
    }

    private func rank(_ offers: [Offer], usage: TokenCount, history: ServerHistory) -> [ServerChoice] {
        let reputations = offers.map { ($0.account, $0.reputation) }
        let strengths = history.strengths(beside: Dictionary(reputations) { first, _ in first })
        let facts = offers.map { offer in
            let record = shared.latencies.record(of: offer.server)
            return ServerFacts(
                offer: offer,
                latency: record.latency,
                failures: record.failures,
                preference: strengths[offer.account],
                distinctPayers: history.distinctPayers(of: offer.account, trials: offer.reputation.trials)
            )
        }
        let ranking = ServerRanking(usage: usage, exploration: policy.exploration)
        return shared.generator.withLock { ranking.rank(facts, using: &$0) }
    }
}
