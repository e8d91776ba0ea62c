public import InferenceMarket
public import Solana
import SolanaRPC

extension InferenceClient {
    /// Waits for the server's claim and brings everything that is left home.
    func settle(_ request: OwnRequest, within limit: Duration) async throws -> Settlement {
        let claimed = try await chain.waitForRequest(request.address, within: limit) { found in
            guard let found else { return Optional(Optional<MarketChain.Found<RequestAccount>>.none) }
            if case .claimed = found.account.state { return .some(found) }
            return nil
        }
        switch claimed {
        case .some(.some(let found)):
            return try await close(found, of: request)
        case .some(.none):
            // Closed or expired by somebody else, which anyone may do once it is due; everything went to the wallet.
            return settlement(of: request, state: .refunded, charge: .zero, rent: .zero)
        case .none:
            let found = try await chain.request(at: request.address)
            let deadline = found?.account.state.lock?.deadline ?? request.expiresAt
            return settlement(of: request, state: .awaitingClaim(until: deadline), charge: .zero, rent: .zero)
        }
    }

    private func close(_ found: MarketChain.Found<RequestAccount>, of request: OwnRequest) async throws -> Settlement {
        guard case .claimed(_, let charge, _) = found.account.state else {
            preconditionFailure("only claimed requests are closed")
        }
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

    /// Looks after the money of a session that did not go well, and says what is certain about it.
    ///
    /// Cancellation does not cut this short: it ends at the policy's `abandonDeadline`.
    func settleAfterFailure(
        _ request: OwnRequest,
        error: any Error,
        onEvent: @Sendable (ClientEvent) -> Void
    ) async -> any Error {
        if let error = error as? ClientError, case .notLocked = error.reason { return error }
        let settlement: Settlement?
        do {
            settlement = try await uncancelled { try await abandon(request) }
        } catch {
            settlement = nil
        }
        if let settlement { onEvent(.settled(settlement)) }
        if error is CancellationError { return error }
        let cost: ClientError.Cost
        switch settlement?.state {
        case .complete: cost = .charged(settlement?.charge ?? .zero, fees: settlement?.transactionFees ?? request.fees)
        case .refunded: cost = .feesOnly(settlement?.transactionFees ?? request.fees)
        case .awaitingClaim(let until): cost = .atMost(request.stake, returnsAfter: until)
        case nil: cost = .atMost(request.stake, returnsAfter: nil)
        }
        return ClientError(ClientError.wrapping(error).reason, cost: cost)
    }

    /// Ends a request whose server did not do its part: cancelled while it is open, begun to close once it is locked.
    private func abandon(_ request: OwnRequest) async throws -> Settlement {
        var request = request
        guard let found = try await chain.request(at: request.address) else {
            return settlement(of: request, state: .refunded, charge: .zero, rent: .zero)
        }
        switch found.account.state {
        case .open:
            let cancel = CancelRequestInstruction(request: request.address, requester: wallet.address)
            let sent = try await chain.send([cancel.instruction(in: chain.market)], wallet: wallet)
            request.fees = request.fees.saturatingAdding(sent.fee)
            return settlement(of: request, state: .refunded, charge: .zero, rent: .zero)
        case .locked:
            let begin = BeginCloseInstruction(request: request.address, requester: wallet.address)
            let sent = try await chain.send([begin.instruction(in: chain.market)], wallet: wallet)
            request.fees = request.fees.saturatingAdding(sent.fee)
            return try await settle(request, within: policy.abandonDeadline)
        case .claimed:
            return try await close(found, of: request)
        }
    }
}

// MARK: - Sweeping

/// What ``InferenceClient/sweep()`` brought home.
public struct SweepReport: Hashable, Sendable {
    /// Requests that were claimed, and are closed now.
    public var closed: [Address] = []
    /// Requests whose time had passed; stake and rent came back whole.
    public var expired: [Address] = []
    /// Requests that nobody had locked, and that no session waits for any more.
    public var cancelled: [Address] = []
    /// Requests that a server may still claim, and until when.
    public var waiting: [Address: UnixTime] = [:]
    /// Everything that came back to the wallet, before fees.
    public var returned = Lamports.zero
    /// Transaction fees.
    public var fees = Lamports.zero
}

extension InferenceClient {
    /// Brings home everything of this wallet that is due: refunds, rent, and stakes of sessions that crashed.
    ///
    /// Call it at start, before any session of the same wallet runs: open requests are cancelled.
    public func sweep() async throws -> SweepReport {
        do {
            var report = SweepReport()
            let now = try await chain.now()
            for found in try await chain.requests(.requests(of: wallet.address)) {
                try await sweep(found, now: now, into: &report)
            }
            return report
        } catch {
            throw ClientError.wrapping(error)
        }
    }

    private func sweep(
        _ found: MarketChain.Found<RequestAccount>,
        now: UnixTime,
        into report: inout SweepReport
    ) async throws {
        let instruction: any MarketInstruction
        switch found.account.state {
        case .open:
            instruction = CancelRequestInstruction(request: found.address, requester: wallet.address)
            report.cancelled.append(found.address)
        case .locked(let lock) where lock.deadline < now:
            instruction = ExpireRequestInstruction(
                request: found.address,
                requester: wallet.address,
                server: lock.server
            )
            report.expired.append(found.address)
        case .locked(let lock):
            report.waiting[found.address] = lock.deadline
            return
        case .claimed:
            instruction = CloseRequestInstruction(request: found.address, requester: wallet.address)
            report.closed.append(found.address)
        }
        let sent = try await chain.send([instruction.instruction(in: chain.market)], wallet: wallet)
        report.fees = report.fees.saturatingAdding(sent.fee)
        report.returned = report.returned.saturatingAdding(found.lamports)
    }
}

/// Does work that must not stop half-way, even if the calling task is cancelled, and waits for it.
func uncancelled<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
    try await Task(operation: work).value
}
