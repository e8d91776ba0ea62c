import Foundation
import InferenceMarket
import PeerChannel
import SodiumCrypto
import Solana
import SolanaRPC
import Synchronization

// From a quote to a lock.
extension InferenceClient {
    /// What a request is published with.
    struct Publication: Sendable {
        /// How its server is found.
        var mode: RequestInferenceInstruction.Mode
        /// The server's account; nil in the open flow.
        var server: Address?
        /// The worst terms that are accepted.
        var caps: Terms
        /// Asked right before the money goes out; what it throws keeps it here.
        var check: @Sendable () throws -> Void
    }

    /// Stakes what an order says and publishes the request.
    func publish(
        _ publication: Publication,
        for order: SessionHost.Order,
        of host: SessionHost
    ) async throws -> OwnRequest {
        let quote = host.survey.quote
        let needed = order.stake.saturatingAdding(quote.transactionFees).saturatingAdding(quote.rent)
            .saturatingAdding(quote.reserve)
        let balance = try await chain.balance(of: wallet.address)
        guard balance >= needed else {
            throw ClientError(.insufficientFunds(wallet: wallet.address, balance: balance, needed: needed))
        }
        let keys = order.keys
        let address = chain.market.request(of: wallet.address, voucherSigner: keys.voucherKey.address).address
        let credit = min(order.stake, policy.credit ?? Self.defaultCredit(for: publication.caps))
        guard host.state.withLock({ $0.budget.open(address, credit: credit) }) else {
            throw ClientError(.budgetUsedUp(promised: quote.stake.saturatingSubtracting(order.stake), needed: credit))
        }
        // Long enough for the wait, and for a node whose clock lags; what nobody locks is cancelled before.
        let lifetime = UInt64(max(60, policy.lockDeadline.components.seconds * 2))
        let instruction = RequestInferenceInstruction(
            requester: wallet.address,
            voucherSigner: keys.voucherKey.address,
            clientKey: keys.channelKey.publicKey,
            model: quote.model,
            stake: order.stake,
            caps: publication.caps,
            credit: credit,
            lifetime: lifetime,
            maximumFee: quote.platformFee,
            criteria: policy.criteria,
            mode: publication.mode
        )
        var request = OwnRequest(
            address: address,
            keys: keys,
            model: quote.model,
            flow: publication.server == nil ? .open : .direct,
            stake: order.stake,
            credit: credit,
            expiresAt: UnixTime(rawValue: Int64(Date().timeIntervalSince1970)).advanced(bySeconds: Int64(lifetime)),
            fees: .zero
        )
        journal.active.insert(address)
        do {
            // On disk first: a crash right after sending finds the stake again.
            try await journal.intend(
                StakeRecord(
                    request: address,
                    wallet: wallet.address,
                    model: quote.model,
                    server: publication.server,
                    stake: order.stake,
                    credit: credit,
                    createdAt: UnixTime(rawValue: Int64(Date().timeIntervalSince1970)),
                    chain: chain.name,
                    owner: journal.owner?.name ?? ""
                ),
                fees: quote.transactionFees,
                limits: policy.spendLimits
            )
        } catch {
            journal.active.remove(address)
            host.state.withLock { $0.budget.settle(address, charge: .zero) }
            throw error
        }
        let (chain, wallet) = (chain, wallet)
        do {
            // Whoever cancels now is answered when it is certain whether the stake is on the chain.
            let sent = try await uncancelled {
                try await chain.sender.send(
                    [instruction.instruction(in: chain.market)],
                    payer: wallet,
                    willSend: { _ in try publication.check() }
                )
            }
            request.fees = sent.fee
            order.request.withLock { $0 = request }
            host.state.withLock { $0.published += 1 }
            try await journal.published(address, fee: sent.fee)
            host.emit(
                .published(
                    PublishedRequest(
                        request: address,
                        signature: sent.signature,
                        stake: request.stake,
                        expiresAt: request.expiresAt
                    )
                )
            )
            return request
        } catch let error as TransactionSendError {
            guard error.mayStillLand else {
                journal.active.remove(address)
                host.state.withLock { $0.budget.settle(address, charge: .zero) }
                try? await journal.settled(address, charge: .zero, fees: error.fee)
                throw unsent(error)
            }
            throw uncertain(error, &request, order)
        } catch {
            throw uncertain(error, &request, order)
        }
    }

    /// The request may be on the chain: from here on it is looked after as if it were.
    private func uncertain(_ error: any Error, _ request: inout OwnRequest, _ order: SessionHost.Order) -> any Error {
        let isKnown = order.request.withLock { $0 != nil }
        if !isKnown {
            request.isCertain = false
            order.request.withLock { [request] in $0 = request }
        }
        return error
    }

    /// What kept a request from being published, without the sender's wrapping where the cause is the client's own.
    private func unsent(_ error: TransactionSendError) -> any Error {
        if case .notSent(let cause) = error, cause is PeerError || cause is ClientError { return cause }
        return error
    }

    /// The larger of the minimum charge and the price of one bucket of tokens.
    static func defaultCredit(for caps: Terms) -> Lamports {
        caps.charge(for: TokenCount(input: 0, output: ClientMeter.bucket))
    }

    /// Waits for a server to lock; when none does in time the request is cancelled and everything is back.
    func waitForLock(_ order: SessionHost.Order, _ request: OwnRequest) async throws -> (
        RequestAccount.Lock, ServerAccount
    ) {
        let address = request.address
        let lock = try await chain.waitForRequest(address, within: policy.lockDeadline) { $0?.account.state.lock }
        if let lock { return (lock, try await lockedServer(lock)) }
        let cancelled: OwnRequest
        do {
            let cancel = CancelRequestInstruction(request: address, requester: wallet.address)
            let sent = try await chain.send([cancel.instruction(in: chain.market)], wallet: wallet)
            var request = request
            request.fees = request.fees.saturatingAdding(sent.fee)
            cancelled = request
        } catch {
            // A lock in the last moment makes the cancellation fail, and is as good as one in time.
            guard let lock = try await chain.request(at: address)?.account.state.lock else { throw error }
            return (lock, try await lockedServer(lock))
        }
        order.request.withLock { $0 = cancelled }
        throw ClientError(.notLocked(within: policy.lockDeadline))
    }

    private func lockedServer(_ lock: RequestAccount.Lock) async throws -> ServerAccount {
        guard let server = try await chain.server(at: lock.server)?.account else {
            throw ClientError(.unusablePeerAddress(lock.peerAddress, reason: "the server's account is gone"))
        }
        // The chain has checked it; a program that does not would be no program to stake anything with.
        guard server.reputation.meets(policy.criteria) else {
            throw ClientError(
                .unusablePeerAddress(lock.peerAddress, reason: "the server's record does not meet the criteria")
            )
        }
        return server
    }

    /// An address that a server has published.
    func peerAddress(_ text: String) throws -> PeerAddress {
        do {
            return try PeerAddress(parsing: text)
        } catch {
            throw ClientError(.unusablePeerAddress(text, reason: "\(error)"))
        }
    }
}
