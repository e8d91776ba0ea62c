public import Solana

/// What one session will cost, said before anything is spent.
public struct Quote: Hashable, Sendable {
    /// The model that was asked for.
    public let model: ModelID

    /// The terms on which the cheapest suitable server offers it.
    public let terms: Terms

    /// The most that the request will allow a server to lock at: the quoted terms and the tolerance, never the budget.
    public let caps: Terms

    /// How many servers offer the model within these caps now.
    public let servers: Int

    /// What is locked in the request: the session's worst cost.
    public let stake: Lamports

    /// What the expected usage costs at the quoted terms.
    public let expectedCharge: Lamports

    /// The usage behind ``expectedCharge``.
    public let expectedUsage: TokenCount

    /// Which way the request takes, which decides what the chain takes for it.
    public let flow: RequestFlow

    /// The client's transaction fees: publish and close.
    public let transactionFees: Lamports

    /// The server's transaction fees: the lock in the open flow, and the claim with a voucher, which has two signatures.
    ///
    /// They come out of the server's charge; the minimum charge is there to cover them.
    public let serverFees: Lamports

    /// What the request account holds while it exists; it comes back when the request is closed.
    public let rent: Lamports

    /// What the chain wants to stay in the wallet, if anything stays there: the rent exemption of an account without data.
    public let reserve: Lamports

    /// The market's share, taken out of the server's charge; the client pays nothing on top.
    public let platformFee: BasisPoints

    /// The output tokens from which on the server's share covers its own two transactions, at the quoted prices.
    ///
    /// Nil when no number of tokens does, that is when output is free and so is everything else.
    public let breakEvenOutput: UInt64?

    /// What the chain takes from both sides together for one session, however many prompts it has.
    public var sessionFees: Lamports { transactionFees.saturatingAdding(serverFees) }

    /// What the session is expected to cost: ``expectedCharge`` and the client's fees.
    public var expectedCost: Lamports { expectedCharge.saturatingAdding(transactionFees) }

    /// What of ``expectedCharge`` the market keeps, and the server does not get.
    public var expectedPlatformFee: Lamports { platformFee.share(of: expectedCharge) }

    /// The most that can be gone in the end: the whole stake and the fees.
    public var worstCost: Lamports { stake.saturatingAdding(transactionFees) }

    /// What the wallet must hold to begin: stake, rent, fees, and what has to stay in it.
    public var needed: Lamports { worstCost.saturatingAdding(rent).saturatingAdding(reserve) }

    /// Works a quote out.
    ///
    /// - Parameters:
    ///   - model: The model that was asked for.
    ///   - terms: The terms of the cheapest suitable server.
    ///   - tolerance: How much worse than `terms` the lock may be.
    ///   - servers: How many servers offer the model within the caps.
    ///   - stake: The budget of the session: all of it is locked, and what is not earned comes back.
    ///   - expectedUsage: What the caller expects to use.
    ///   - fees: What the chain takes for each step.
    ///   - rent: The rent-exempt minimum of this request's account.
    ///   - reserve: What the chain wants to stay in the wallet.
    ///   - platformFee: The market's fee now.
    ///   - flow: Which way the request takes.
    /// - Throws: ``QuoteError``.
    public init(
        model: ModelID,
        terms: Terms,
        tolerance: BasisPoints,
        servers: Int,
        stake: Lamports,
        expectedUsage: TokenCount,
        fees: FeeSchedule,
        rent: Lamports,
        reserve: Lamports = .zero,
        platformFee: BasisPoints,
        flow: RequestFlow = .open
    ) throws(QuoteError) {
        let caps = terms.raised(by: tolerance)
        let needed = caps.charge(for: TokenCount(input: expectedUsage.input, output: 1))
        guard stake >= needed else { throw .stakePaysForNothing(stake: stake, needed: needed) }
        self.model = model
        self.terms = terms
        self.caps = caps
        self.servers = servers
        self.stake = stake
        self.expectedUsage = expectedUsage
        self.expectedCharge = min(stake, terms.charge(for: expectedUsage))
        self.flow = flow
        self.transactionFees = fees.publish.saturatingAdding(fees.close)
        self.serverFees = (flow == .open ? fees.lock : .zero).saturatingAdding(fees.claimWithVoucher)
        self.rent = rent
        self.reserve = reserve
        self.platformFee = platformFee
        self.breakEvenOutput = terms.breakEvenOutput(
            inputTokens: expectedUsage.input,
            costs: serverFees,
            platformFee: platformFee
        )
    }
}

extension Terms {
    /// From how many output tokens on a session's charge, less the market's fee, covers `costs`.
    ///
    /// - Parameters:
    ///   - inputTokens: What the prompts have.
    ///   - costs: What has to be covered, such as the server's own transactions.
    ///   - platformFee: The market's share of the charge.
    /// - Returns: 0 when minimum and input cover it already; nil when no length does.
    public func breakEvenOutput(inputTokens: UInt64, costs: Lamports, platformFee: BasisPoints) -> UInt64? {
        // The smallest charge whose share after the fee is at least the costs.
        let kept = UInt128(10_000 - UInt32(min(platformFee.rawValue, 10_000)))
        guard kept > 0 else { return nil }
        // The fee rounds down, so the server keeps ⌈charge × kept ÷ 10⁴⌉.
        guard costs > .zero else { return 0 }
        let gross = UInt128(costs.rawValue - 1) * 10_000 / kept + 1
        guard UInt128(charge(for: TokenCount(input: inputTokens, output: 0)).rawValue) < gross else { return 0 }
        guard outputPrice.rawValue > 0 else { return nil }
        // charge(n) ≥ gross  ⇔  input × p + n × q > (gross − 1) × 10⁶
        let target =
            (gross - 1) * 1_000_000
            - min(
                (gross - 1) * 1_000_000,
                UInt128(inputTokens) * UInt128(inputPrice.rawValue)
            )
        return UInt64(exactly: target / UInt128(outputPrice.rawValue) + 1)
    }
}

extension Quote: CustomStringConvertible {
    /// Every lamport in plain words, one line each.
    public var description: String {
        let tokens = "\(expectedUsage.input) tokens in and \(expectedUsage.output) out"
        return """
            \(model), \(flow == .direct ? "direct" : "open") request, \(servers) server(s) within the caps
            staked, and the most that can be charged: \(stake)
            expected charge for \(tokens): \(expectedCharge)
            your transaction fees (publish, close): \(transactionFees)
            expected cost, fees included: \(expectedCost); at worst \(worstCost)
            rent, held while the request exists, comes back: \(rent)
            needed in the wallet now: \(needed)
            out of the server's charge: \(serverFees) transaction fees, \(expectedPlatformFee) for the market \
            (\(platformFee.rawValue) basis points)
            \(breakEvenNote)
            """
    }

    /// What ``breakEvenOutput`` means, in one sentence.
    public var breakEvenNote: String {
        switch breakEvenOutput {
        case 0?: "the server's share covers its fees from the first token on"
        case .some(let tokens):
            "the server's share covers its fees from \(tokens) output tokens on: ask several things in one session"
        case nil: "at these prices the server's share never covers its fees"
        }
    }
}

/// Why no quote can be given.
public enum QuoteError: Error, Hashable, Sendable, CustomStringConvertible {
    /// The stake would not pay for the prompt and a single token.
    case stakePaysForNothing(stake: Lamports, needed: Lamports)

    /// What to do about it.
    public var description: String {
        switch self {
        case .stakePaysForNothing(let stake, let needed):
            "A stake of \(stake) does not pay for the prompt and one token, which may cost "
                + "\(needed). Nothing was spent; raise the budget to at least that."
        }
    }
}
