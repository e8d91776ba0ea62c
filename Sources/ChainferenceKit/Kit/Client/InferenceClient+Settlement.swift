import InferenceMarket
import Solana
import SolanaRPC
import Synchronization

extension InferenceClient {
    /// Waits for the server's claim and brings everything that is left home.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - limit: The longest wait for the claim.
    ///   - closes: Whether to close the request then; without that its rent stays until somebody does.
    /// - Returns: How far it came.
    /// - Throws: What the chain answers with.
    func settle(_ request: OwnRequest, within limit: Duration, closes: Bool = true) async throws -> Settlement {
        let claimed = try await chain.waitForRequest(request.address, within: limit) { found in
            guard let found else { return Optional(Optional<MarketChain.Found<RequestAccount>>.none) }
            if case .claimed = found.account.state { return .some(found) }
            return nil
        }
        switch claimed {
        case .some(.some(let found)):
            guard closes else {
                guard case .claimed(_, let charge, _) = found.account.state else { break }
                return settlement(of: request, state: .complete, charge: charge, rent: .zero)
            }
            return try await close(found, of: request)
        case .some(.none):
            // Closed or expired by somebody else, which anyone may do once it is due; everything went to the wallet.
            return try await gone(request)
        case .none: break
        }
        let found = try await chain.request(at: request.address)
        let deadline = found?.account.state.lock?.deadline ?? request.expiresAt
        return settlement(of: request, state: .awaitingClaim(until: deadline), charge: .zero, rent: .zero)
    }

    /// What is known of a request that is not on the chain any more.
    ///
    /// A close whose fate was never learned may have ended it: what had been charged was written down before.
    private func gone(_ request: OwnRequest) async throws -> Settlement {
        let charge = try await journal.charge(of: request.address)
        return settlement(of: request, state: charge > .zero ? .complete : .refunded, charge: charge, rent: .zero)
    }

    private func close(_ found: MarketChain.Found<RequestAccount>, of request: OwnRequest) async throws -> Settlement {
        guard case .claimed(_, let charge, _) = found.account.state else {
            preconditionFailure("only claimed requests are closed")
        }
        try await journal.charged(request.address, charge)
        let close = CloseRequestInstruction(request: request.address, requester: wallet.address)
        let sent = try await chain.send([close.instruction(in: chain.market)], wallet: wallet)
        var request = request
        request.fees = request.fees.saturatingAdding(sent.fee)
        // What the claim could not return at once, because the wallet was too empty, came home now with the rent.
        let rent = try await chain.rent(forRequestOf: request.model)
        return settlement(of: request, state: .complete, charge: charge, rent: min(rent, found.lamports))
    }

    private func settlement(
        of request: OwnRequest,
        state: Settlement.State,
        charge: Lamports,
        rent: Lamports
    ) -> Settlement {
        Settlement(
            state: state,
            request: request.address,
            stake: request.stake,
            charge: charge,
            transactionFees: request.fees,
            rentReturned: rent
        )
    }

    /// Ends a request whose server did not do its part: cancelled while it is open, begun to close once it is locked.
    ///
    /// What it spends stands in the order even if it fails then, so that it can be tried again. Ends at the policy's
    /// `abandonDeadline`.
    ///
    /// - Parameters:
    ///   - order: Has the request, if there is one.
    ///   - isRefused: Whether the server has said that it does not go on; an honest one settles or gives back by itself then,
    ///     sooner than the client could end the lock, and at its own cost.
    /// - Returns: How far it came; nil when nothing was published.
    /// - Throws: What the chain answers with.
    func abandon(_ order: SessionHost.Order, isRefused: Bool) async throws -> Settlement? {
        guard let request = order.request.withLock({ $0 }) else { return nil }
        guard let found = try await chain.request(at: request.address) else {
            if request.isCertain { return try await gone(request) }
            // A transaction whose fate is not known may land yet: the journal remembers it until it can't any more.
            return settlement(of: request, state: .awaitingClaim(until: request.expiresAt), charge: .zero, rent: .zero)
        }
        let instruction: any MarketInstruction
        switch found.account.state {
        case .open: instruction = CancelRequestInstruction(request: request.address, requester: wallet.address)
        case .locked where found.account.flags.contains(.closing):
            return try await settle(request, within: policy.abandonDeadline)
        case .locked:
            if isRefused {
                let settlement = try await settle(request, within: policy.refundDeadline)
                if settlement.isFinal { return settlement }
            }
            // What the server may claim it claims at once now; what it does not is back in ten minutes, not in an hour.
            instruction = BeginCloseInstruction(request: request.address, requester: wallet.address)
        case .claimed: return try await close(found, of: request)
        }
        var changed = request
        do {
            let sent = try await chain.send([instruction.instruction(in: chain.market)], wallet: wallet)
            changed.fees = request.fees.saturatingAdding(sent.fee)
            order.request.withLock { $0 = changed }
        } catch let error as TransactionSendError {
            // The server's claim was faster: the fee of the vain attempt is paid.
            changed.fees = request.fees.saturatingAdding(error.fee)
            order.request.withLock { $0 = changed }
            throw error
        }
        if case .open = found.account.state {
            return settlement(of: changed, state: .refunded, charge: .zero, rent: .zero)
        }
        return try await settle(changed, within: policy.abandonDeadline)
    }
}

/// Does work that must not stop half-way, even if the calling task is cancelled, and waits for it.
func uncancelled<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    try await Task(operation: work).value
}
