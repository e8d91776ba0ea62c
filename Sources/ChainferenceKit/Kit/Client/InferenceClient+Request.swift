import InferenceMarket
import PeerChannel
import SodiumCrypto
import Solana
import SolanaRPC

// From a quote to a lock.
extension InferenceClient {
    /// Stakes the quote and publishes the request.
    func publish(_ quote: Quote) async throws -> (OwnRequest, Signature) {
        let balance = try await chain.balance(of: wallet.address)
        guard balance >= quote.needed else {
            throw ClientError(.insufficientFunds(wallet: wallet.address, balance: balance, needed: quote.needed))
        }
        let keys = RequestKeys()
        let credit = min(quote.stake, policy.credit ?? Self.defaultCredit(for: quote.caps))
        // Long enough for the wait, and for a node whose clock lags; what nobody locks is cancelled before.
        let lifetime = UInt64(max(60, policy.lockDeadline.components.seconds * 2))
        let instruction = RequestInferenceInstruction(
            requester: wallet.address,
            voucherSigner: keys.voucherKey.address,
            clientKey: keys.channelKey.publicKey,
            model: quote.model,
            stake: quote.stake,
            caps: quote.caps,
            credit: credit,
            lifetime: lifetime,
            maximumFee: quote.platformFee,
            criteria: policy.criteria
        )
        let address = chain.market.request(of: wallet.address, voucherSigner: keys.voucherKey.address).address
        let sent = try await chain.send([instruction.instruction(in: chain.market)], wallet: wallet)
        let expiresAt = try await chain.now().advanced(bySeconds: Int64(lifetime))
        let request = OwnRequest(
            address: address,
            keys: keys,
            model: quote.model,
            stake: quote.stake,
            credit: credit,
            expiresAt: expiresAt,
            fees: sent.fee
        )
        return (request, sent.signature)
    }

    /// The larger of the minimum charge and the price of one bucket of tokens.
    static func defaultCredit(for caps: Terms) -> Lamports {
        caps.charge(for: TokenCount(input: 0, output: ClientMeter.bucket))
    }

    /// Waits for a server to lock; when none does in time the request is cancelled and everything is back.
    func waitForLock(_ request: inout OwnRequest) async throws -> (RequestAccount.Lock, ServerAccount) {
        let address = request.address
        let lock = try await chain.waitForRequest(address, within: policy.lockDeadline) { $0?.account.state.lock }
        if let lock { return (lock, try await lockedServer(lock)) }
        do {
            let cancel = CancelRequestInstruction(request: address, requester: wallet.address)
            let sent = try await chain.send([cancel.instruction(in: chain.market)], wallet: wallet)
            request.fees = request.fees.saturatingAdding(sent.fee)
        } catch {
            // A lock in the last moment makes the cancellation fail, and is as good as one in time.
            guard let lock = try await chain.request(at: address)?.account.state.lock else { throw error }
            return (lock, try await lockedServer(lock))
        }
        throw ClientError(.notLocked(within: policy.lockDeadline), cost: .feesOnly(request.fees))
    }

    private func lockedServer(_ lock: RequestAccount.Lock) async throws -> ServerAccount {
        guard let server = try await chain.server(at: lock.server) else {
            throw ClientError(.unusablePeerAddress(lock.peerAddress, reason: "the server's account is gone"))
        }
        return server.account
    }

    /// Where to connect; refuses an address whose key is not the one that the server published.
    func peerAddress(of lock: RequestAccount.Lock, server: ServerAccount) throws -> PeerAddress {
        let text = lock.peerAddress.isEmpty ? server.peerAddress : lock.peerAddress
        do {
            return try PeerAddress(parsing: text)
        } catch {
            throw ClientError(.unusablePeerAddress(text, reason: "\(error)"))
        }
    }
}
